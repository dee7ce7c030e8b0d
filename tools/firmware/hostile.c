/* SPDX-License-Identifier: Apache-2.0
 * Firmware that opens damaged files where addresses have 32 bits: every word outside of DATA is set to values that
 * overflow, every checksum made right again. Each file is refused or runs; none faults. */
#include "firmware.h"

#include <funes.h>


/* Of the kernels: CRC-32C of bytes, continuing from `crc`. */
uint32_t funes_crc32c(uint32_t crc, const void *bytes, size_t count);

extern const uint8_t model_begin[], model_end[];

enum { TABLE = 128, ENTRY = 32, SECTIONS = 15 };

static _Alignas(64) uint8_t file[16384];
static _Alignas(64) uint8_t memory[SESSION_BYTES];
static funes_model model;
static float row[64];

static uint32_t word_at(const uint8_t *bytes, uint32_t offset) {
  uint32_t word;
  memcpy(&word, bytes + offset, sizeof word);
  return word;
}

static void set_word(uint32_t offset, uint32_t word) { memcpy(file + offset, &word, sizeof word); }

/* Makes every checksum right over what the undamaged table says. */
static void seal(void) {
  for (uint32_t k = 0; k < SECTIONS; k++) {
    const uint32_t entry = TABLE + k * ENTRY;
    const uint32_t begin = word_at(model_begin, entry + 8), count = word_at(model_begin, entry + 16);
    if (word_at(file, entry + 24) == word_at(model_begin, entry + 24)) {
      set_word(entry + 24, funes_crc32c(0, file + begin, count));
    }
  }
  set_word(120, funes_crc32c(0, file + TABLE, SECTIONS * ENTRY));
  set_word(124, funes_crc32c(0, file, 124));
}

int main(void) {
  static const uint32_t values[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
  const uint32_t byte_count = (uint32_t)(model_end - model_begin);
  const uint32_t data = word_at(model_begin, TABLE + (SECTIONS - 1) * ENTRY + 8);
  uint32_t opened = 0, refused = 0;
  if (byte_count > sizeof file) return 1;
  for (uint32_t offset = 8; offset < data; offset += 4) {
    for (uint32_t k = 0; k < sizeof values / sizeof values[0]; k++) {
      funes_session *session;
      fault_notes[0] = offset;
      fault_notes[1] = values[k];
      memcpy(file, model_begin, byte_count);
      set_word(offset, values[k]);
      seal();
      if (funes_model_open(file, byte_count, &model, NULL) != FUNES_OK ||
          funes_session_open(&model, 1, 1, memory, sizeof memory, &session, NULL) != FUNES_OK) {
        refused++;
        continue;
      }
      opened++;
      if (funes_model_input_count(&model, 0) == 1) funes_session_step(session, row, row);
      funes_session_close(session);
    }
  }
  print("# damaged files: ");
  print_decimal(refused);
  print(" refused, ");
  print_decimal(opened);
  print(" opened and run, no fault\n");
  return 0;
}
