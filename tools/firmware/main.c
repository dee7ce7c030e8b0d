/* SPDX-License-Identifier: Apache-2.0
 * Firmware that streams: opens the model in flash, keeps a session in static memory, prints the bits of every row, then
 * the memory that it took. */
#include "firmware.h"

#include <funes.h>

extern const uint8_t model_begin[], model_end[];
extern const float rows_begin[], rows_end[];

static _Alignas(64) uint8_t memory[SESSION_BYTES];
static funes_model model;
static float output[256];

static int refuse(const char *what, funes_status status) {
  print(what);
  print(": ");
  print(funes_status_text(status));
  print("\n");
  return 1;
}

int main(void) {
  funes_port input_port, output_port;
  funes_session *session;
  funes_status status = funes_model_open(model_begin, (size_t)(model_end - model_begin), &model, NULL);
  if (status != FUNES_OK) return refuse("model", status);
  funes_model_input(&model, 0, 0, &input_port);
  funes_model_output(&model, 0, 0, &output_port);
  status = funes_session_open(&model, 1, 1, memory, sizeof memory, &session, NULL);
  if (status != FUNES_OK) return refuse("session", status);
  for (const float *row = rows_begin; row < rows_end; row += input_port.width) {
    status = funes_session_step(session, row, output);
    if (status != FUNES_OK) return refuse("step", status);
    for (int32_t k = 0; k < output_port.width; k++) {
      if (k > 0) print(" ");
      print_hex(((union { float value; uint32_t bits; }){output[k]}).bits);
    }
    print("\n");
  }
  print("# session ");
  print_decimal((uint32_t)funes_model_session_byte_count(&model, 1, 1));
  print(", model struct ");
  print_decimal((uint32_t)sizeof model);
  print(", stack ");
  print_decimal(stack_byte_count());
  print(" bytes of RAM\n");
  return 0;
}
