// SPDX-License-Identifier: Apache-2.0
// What unoptimised builds leave out of long searches.

/// One place of so many is tried: all in release; in debug one of thirteen, so that each bit of a byte has its turn.
#if DEBUG
  public let thinning = 13
#else
  public let thinning = 1
#endif
