/* SPDX-License-Identifier: MIT */
/*
 * Drivers whose life a test can watch and hold up, in a host of their own. A LifeDriver starts on every
 * StageNub (of the Stage driver, which is another process) or LifeNub (its own process) with the
 * property "LifeName", which is its name; further properties of that provider say how it behaves:
 *	LifeOpen	true: opens its provider in start
 *	LifeHold	true: start waits for "release"
 *	LifeRefuse	true: start fails (after the wait)
 *	LifeKeep	true: does not close its provider when it is asked to
 *	LifeDefer	true: puts its didTerminate off until "continue"
 *	LifeProbe	number: what requestProbe answers
 *	LifeTwice	text: a second LifeDriver of that name starts on it
 *	LifeEnd		true: terminates itself in start, waits for that, and goes on
 *	LifeWait	true: start waits for the drivers of its LifeBelow, whose start waits for "release"
 *	LifeBelow	text: publishes a LifeNub below itself, whose LifeName is that text
 *
 * The service "Life" takes lines with selector LIFE_COMMAND; out is one number:
 *	open NAME OPTIONS	the driver opens its provider; out: it has
 *	close NAME		it closes it
 *	isopen NAME		out: 1 its provider is open by it, 2 by anybody, 3 both
 *	release NAME		its start goes on
 *	continue NAME		it stops deferring
 *	terminate NAME OPTIONS	out: the status
 *	inactive NAME		out: it is inactive; 2: there is none
 *	guard NAME COUNT	the LifeNub below NAME admits COUNT owners at a time (handleOpen and so on)
 *	register NAME OPTIONS	registers it (again)
 *	attach NAME OTHER	NAME gets the driver OTHER as a further provider; out: the status
 *	nub NAME OPTIONS	publishes a LifeNub below it without registering it, terminates it at once with
 *				OPTIONS; out: the status of that
 * LIFE_READ gives one line for each thing that happened: "start NAME", "will NAME", "did NAME",
 * "stop NAME", "finalize NAME", "free NAME", "message NAME TYPE ARGUMENT" (hexadecimal).
 */
#pragma once

enum { LIFE_COMMAND, LIFE_READ };
