// SPDX-License-Identifier: MIT
/*
 * libudev: enumerate the machine's own devices and ask each for its name and
 * subsystem. Their number is what it is, so the cost of one is what counts: it
 * does not fall with the number, as every device is a folder to be read.
 */
#include <libudev.h>

#include "contestant.h"

static struct udev *udev;

static uint64_t enumerate(void)
{
	struct udev_enumerate *all = udev_enumerate_new(udev);
	struct udev_list_entry *entry;
	uint64_t count = 0;

	if (!all || udev_enumerate_scan_devices(all) < 0)
		return 0;
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(all))
	{
		struct udev_device *device =
			udev_device_new_from_syspath(udev, udev_list_entry_get_name(entry));

		if (!device)
			continue; /* gone */
		count += udev_device_get_sysname(device) && udev_device_get_subsystem(device);
		udev_device_unref(device);
	}
	udev_enumerate_unref(all);
	return count;
}

static size_t enumerate_all(uint64_t n, double *values)
{
	uint64_t start = bench_now_ns(), count = 0;

	for (uint64_t i = 0; i < n; i++)
		count = enumerate();
	if (!count) {
		bench_complain("udev: no devices");
		return 0;
	}
	values[0] = (double)(bench_now_ns() - start);
	values[1] = values[0] / (double)n / (double)count;
	return 2;
}

static int walk(uint64_t unused)
{
	udev = udev_new();
	if (!udev || !enumerate())
		return bench_absent("there is no /sys");
	return bench_serve_values(enumerate_all);
}

int main(int argc, char **argv)
{
	static const struct bench_role roles[] = { { "walk", walk }, { NULL, NULL } };

	return bench_play(argc, argv, roles);
}
