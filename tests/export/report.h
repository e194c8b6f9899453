/* What the product of an export prints on a desktop and on a chip alike. Include it after the
 * exported header, whose names begin with gpt_. */
#pragma once

static void put_names(struct gpt_state* state, uint16_t count, void (*put)(const char* text)) {
  char name[GPT_NAME_SIZE];
  while (count-- > 0) {
    gpt_next(state, name, sizeof name);
    put(name);
    put("\n");
  }
}

/* A hash (FNV-1a) of the bits of all logits along one sequence, in hexadecimal. */
static void put_hash(struct gpt_state* state, void (*put)(const char* text)) {
  uint32_t hash = UINT32_C(2166136261);
  const float* logits;
  uint16_t token = GPT_BOS, i;
  char digit[2] = {0, 0};
  gpt_restart(state);
  while ((logits = gpt_logits(state, token)) != NULL) {
    for (i = 0; i < GPT_VOCAB_SIZE; ++i) {
      union {
        float value;
        uint32_t bits;
      } logit;
      logit.value = logits[i];
      hash = (hash ^ logit.bits) * UINT32_C(16777619);
    }
    token = (uint16_t)((token + 1u) % GPT_VOCAB_SIZE);
  }
  for (i = 0; i < 8; ++i, hash <<= 4) {
    digit[0] = "0123456789abcdef"[hash >> 28];
    put(digit);
  }
  put("\n");
}

static void report(void (*put)(const char* text)) {
  static struct gpt_state state;
  gpt_init(&state, UINT64_C(0x123456789ABCDEF));
  put_hash(&state, put);
  put_names(&state, 20, put);
  state.index = UINT64_C(1) << 40;
  state.temperature = 1.0f;
  put_names(&state, 20, put);
}
