// SPDX-License-Identifier: MIT
/* Cap'n Proto RPC over a socket pair: a method that adds, or that gives bytes back. */
#include <cstring>
#include <memory>
#include <vector>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include "bench.capnp.h"
#include "contestant.h"

namespace
{

class Server final : public Bench::Server
{
	kj::Promise<void> add(AddContext context) override
	{
		auto numbers = context.getParams();

		context.getResults().setSum(numbers.getA() + numbers.getB());
		return kj::READY_NOW;
	}

	kj::Promise<void> echo(EchoContext context) override
	{
		context.getResults().setBytes(context.getParams().getBytes());
		return kj::READY_NOW;
	}
};

[[noreturn]] void serve(int fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	auto io = kj::setupAsyncIo();
	auto stream = io.lowLevelProvider->wrapSocketFd(fd);
	capnp::TwoPartyServer server(kj::heap<Server>());

	server.accept(kj::mv(stream));
	kj::NEVER_DONE.wait(io.waitScope);
	_exit(0);
}

struct Caller {
	explicit Caller(int fd, size_t size)
		: io(kj::setupAsyncIo()), stream(io.lowLevelProvider->wrapSocketFd(fd)),
		  client(*stream), bench(client.bootstrap().castAs<Bench>()), bytes(size)
	{
	}

	bool add(uint64_t i)
	{
		auto request = bench.addRequest();

		request.setA(i);
		request.setB(1);
		return request.send().wait(io.waitScope).getSum() == i + 1;
	}

	bool echo(uint64_t i)
	{
		auto request = bench.echoRequest();

		std::memcpy(bytes.data(), &i, sizeof(i));
		request.setBytes(kj::arrayPtr(bytes.data(), bytes.size()));
		auto reply = request.send().wait(io.waitScope);
		auto back = reply.getBytes();
		if (back.size() != bytes.size() || std::memcmp(back.begin(), &i, sizeof(i)))
			return false;
		std::memcpy(bytes.data(), back.begin(), back.size());
		return true;
	}

	kj::AsyncIoContext io;
	kj::Own<kj::AsyncIoStream> stream;
	capnp::TwoPartyClient client;
	Bench::Client bench;
	std::vector<kj::byte> bytes;
};

std::unique_ptr<Caller> caller;

uint64_t run(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++)
		if (!(caller->bytes.empty() ? caller->add(i) : caller->echo(i))) {
			bench_complain("capnp: a wrong answer");
			return 0;
		}
	return bench_now_ns() - start;
}

int call(uint64_t size)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return 1;
	if (fork() == 0)
		serve(ends[1]);
	close(ends[1]);
	bench_move_away();
	caller = std::make_unique<Caller>(ends[0], size);
	return bench_serve(run);
}

} // namespace

int main(int argc, char **argv)
{
	static const bench_role roles[] = { { "call", call }, { nullptr, nullptr } };

	return bench_play(argc, argv, roles);
}
