// SPDX-License-Identifier: MIT
// The macOS binding of node-serialport: what it lists, and bytes through a port at an odd speed.
'use strict';
const assert = require('assert');
const path = require('path');

const folder = path.join(process.argv[2], '@serialport/bindings-cpp');
const { DarwinBinding } = require(path.join(folder, 'dist/darwin.js'));

async function list() {
	const ports = await DarwinBinding.list();
	assert.strictEqual(ports.length, 2);
	const [adapter, plain] = ports.sort((a, b) => (b.serialNumber ? 1 : 0) - (a.serialNumber ? 1 : 0));
	assert.match(adapter.path, /^\/dev\/pts\/\d+$/);
	assert.deepStrictEqual({ ...adapter, path: 'path' }, {
		path: 'path',
		manufacturer: 'Portico Works',
		serialNumber: 'PW-0042',
		pnpId: undefined,
		locationId: '14120000',
		vendorId: '0403',
		productId: '6001',
	});
	assert.match(plain.path, /^\/dev\/pts\/\d+$/);
	assert.notStrictEqual(plain.path, adapter.path);
	for (const key of ['manufacturer', 'serialNumber', 'locationId', 'vendorId', 'productId'])
		assert.strictEqual(plain[key], undefined);
	return adapter.path;
}

async function talk(path) {
	const port = await DarwinBinding.open({ path, baudRate: 250000 });
	const buffer = Buffer.alloc(64);
	let text = '';

	await port.write(Buffer.from('hello, port'));
	while (text.length < 11) {
		const { bytesRead } = await port.read(buffer, 0, buffer.length);
		text += buffer.toString('latin1', 0, bytesRead);
	}
	assert.strictEqual(text, 'HELLO, PORT');
	await port.close();
}

async function main() {
	// The add-on that was built, not one that came with the package.
	const loaded = process.report.getReport().sharedObjects.filter((o) => o.endsWith('.node'));
	assert.deepStrictEqual(loaded, [require('fs').realpathSync(path.join(folder, 'build/Release/bindings.node'))]);
	await talk(await list());
	for (let i = 0; i < 50; i++)
		await list();
}

main().then(() => process.exit(0), (error) => {
	console.log(error);
	process.exit(1);
});
