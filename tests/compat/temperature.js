// SPDX-License-Identifier: MIT
// osx-temperature-sensor: the driver's temperatures through an 80-byte structure.
'use strict';
const assert = require('assert');
const os = require('os');
const path = require('path');

const folder = path.join(process.argv[2], 'osx-temperature-sensor');
os.type = () => 'Darwin'; // it asks at its first line, and would not look for sensors elsewhere
const { cpuTemperature } = require(folder);

assert.deepStrictEqual(cpuTemperature(), { main: 52, cores: [48.25, 55.75], max: 55.75 });

const smc = require(path.join(folder, 'build/Release/smc.node'));
assert.strictEqual(smc.get('FNum'), 1);
assert.strictEqual(smc.get('F0Ac'), 1800);
assert.strictEqual(smc.get('#KEY'), 9);
assert(Number.isNaN(smc.get('NONE')));
assert.throws(() => smc.get(1), TypeError);
for (let i = 0; i < 200; i++)
	assert.strictEqual(smc.get('TC1C'), 48.25);
