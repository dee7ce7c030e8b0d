// SPDX-License-Identifier: Apache-2.0

import FunesConvert
import Testing

@Test func aTensorHoldsTheProductOfItsShape() {
  #expect(FloatTensor(shape: [2, 3], values: [Float](repeating: 0, count: 6)).values.count == 6)
}
