/* SPDX-License-Identifier: Apache-2.0
 * The table of an ISA. Included last by kernel_isa.h. */

const funes_isa ISA_NAME(funes_isa) = {
    .name = ISA_STRING,
    .quantize = ISA_NAME(quantize),
    .linear = ISA_NAME(linear),
    .cell = ISA_NAME(cell),
    .cell_second = ISA_NAME(cell_second),
    .activate = ISA_NAME(activate),
    .softmax = ISA_NAME(softmax),
    .log_softmax = ISA_NAME(log_softmax),
    .l2_normalize = ISA_NAME(l2_normalize),
    .layer_norm = ISA_NAME(layer_norm),
    .rms_norm = ISA_NAME(rms_norm),
    .rotary = ISA_NAME(rotary),
    .halves = ISA_NAME(halves),
    .bytes = ISA_NAME(bytes),
    .attention = ISA_NAME(attention),
    .block_attention = ISA_NAME(block_attention),
};
