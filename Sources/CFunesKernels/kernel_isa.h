/* SPDX-License-Identifier: Apache-2.0
 * Everything that an ISA file builds over its own lanes, quantisation and products, in the order in which each part leans
 * on those before it. Included last by every ISA file. */
#include "kernel_linear.h"
#include "kernel_cells.h"
#include "kernel_rnn.h"
#include "kernel_lstm.h"
#include "kernel_gru.h"
#include "kernel_vectors.h"
#include "kernel_decoder.h"
#include "kernel_attention.h"
#include "kernel_block.h"
#include "kernel_table.h"
