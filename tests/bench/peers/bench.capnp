# SPDX-License-Identifier: MIT
@0xc1f1b6a1d5f0a7e3;

interface Bench {
  add @0 (a :UInt64, b :UInt64) -> (sum :UInt64);
  echo @1 (bytes :Data) -> (bytes :Data);
}
