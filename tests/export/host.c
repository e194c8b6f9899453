/* A program around an exported header, for a desktop:
 *
 *   host names SEED COUNT TEMPERATURE   names
 *   host loss < DOCUMENTS               mean loss in nats a token
 *   host report                         what report.h prints
 *   host small SIZE                     a name in a buffer of SIZE bytes, and its length
 *   host math                           the largest relative errors of gpt_exp and gpt_rsqrt */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GPT_IMPLEMENTATION
#include "gpt.h"
#include "report.h"

static struct gpt_state state;

static void put(const char *text) { fputs(text, stdout); }

static double cross_entropy(const float *logits, uint16_t target) {
  double max = logits[0], total = 0.0;
  size_t i;
  for (i = 1; i < GPT_VOCAB_SIZE; ++i) {
    if (logits[i] > max) max = logits[i];
  }
  for (i = 0; i < GPT_VOCAB_SIZE; ++i) total += exp(logits[i] - max);
  return log(total) + max - logits[target];
}

/* The token whose text comes next, GPT_BOS at the end. */
static uint16_t next_token(const char **text) {
  uint16_t token;
  for (token = 0; token < GPT_VOCAB_SIZE; ++token) {
    size_t length;
    const char *candidate = gpt_text(token, &length);
    if (token == GPT_BOS || strncmp(*text, candidate, length) != 0) continue;
    *text += length;
    return token;
  }
  if (**text != '\0') exit(2);
  return GPT_BOS;
}

static void print_loss(void) {
  char line[1024];
  double loss = 0.0;
  long count = 0;
  while (fgets(line, sizeof line, stdin) != NULL) {
    const char *text = line;
    const float *logits;
    uint16_t token = GPT_BOS;
    line[strcspn(line, "\n")] = '\0';
    gpt_restart(&state);
    while ((logits = gpt_logits(&state, token)) != NULL) {
      token = next_token(&text);
      loss += cross_entropy(logits, token);
      ++count;
      if (token == GPT_BOS) break;
    }
  }
  printf("%.9f\n", loss / (double)count);
}

static void print_small(size_t size) {
  char name[GPT_NAME_SIZE + 1];
  memset(name, '#', sizeof name);
  printf("%lu ", (unsigned long)gpt_next(&state, name, size));
  printf("%s %c\n", name, name[size]);
}

static void print_math(void) {
  double exp_error = 0.0, rsqrt_error = 0.0;
  float x;
  for (x = -86.9f; x <= 0.0f; x += 0.001f) {
    exp_error = fmax(exp_error, fabs(gpt_exp(x) / exp(x) - 1.0));
  }
  for (x = 1e-6f; x < 1e6f; x *= 1.0001f) {
    rsqrt_error = fmax(rsqrt_error, fabs(gpt_rsqrt(x) * sqrt(x) - 1.0));
  }
  printf("exp %g rsqrt %g\n", exp_error, rsqrt_error);
}

int main(int argc, char **argv) {
  gpt_init(&state, 1);
  if (argc == 5 && strcmp(argv[1], "names") == 0) {
    gpt_init(&state, strtoull(argv[2], NULL, 10));
    state.temperature = (float)atof(argv[4]);
    put_names(&state, (uint16_t)atoi(argv[3]), put);
  } else if (argc == 2 && strcmp(argv[1], "loss") == 0) {
    print_loss();
  } else if (argc == 3 && strcmp(argv[1], "small") == 0) {
    print_small((size_t)atoi(argv[2]));
  } else if (argc == 2 && strcmp(argv[1], "math") == 0) {
    print_math();
  } else {
    report(put);
  }
  return 0;
}
