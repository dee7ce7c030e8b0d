/* SPDX-License-Identifier: Apache-2.0
 * The model and the rows of input as constants in flash; MODEL and ROWS are the files. */
  .section .model, "a"
  .balign 64
  .global model_begin, model_end, rows_begin, rows_end
model_begin:
  .incbin MODEL
model_end:
rows_begin:
  .incbin ROWS
rows_end:
