// A C99 program that uses the library: exits with 0, or says what is wrong.
#include <microgpt/c_api.h>
#include <stdio.h>
#include <string.h>

static int check(int condition, const char* what) {
  if (!condition) printf("%s: %s\n", what, microgpt_last_error());
  return condition ? 0 : 1;
}

// The probability of BOS after BOS, a, b, which the walkthrough computes by hand.
static int trace_the_toy(void) {
  microgpt_model* const model = microgpt_model_toy();
  const int tokens[] = {0, 1, 2, 0};
  microgpt_trace_options options;
  microgpt_default_trace_options(&options);
  options.backward = 1;
  options.printed_cache = 1;
  microgpt_trace* const trace = microgpt_trace_new(model, tokens, 4, &options);
  microgpt_model_free(model);
  microgpt_element element;
  microgpt_traced probs;
  size_t size = 0;
  int wrong = check(microgpt_trace_find(trace, "pos2.probs[0]", 13, &element) == 0, "find");
  wrong += check(microgpt_trace_at(trace, element.traced, &probs) == 0, "at");
  if (wrong == 0) {
    wrong +=
        check(probs.data[0] > 0.164807 && probs.data[0] < 0.164809, "the walkthrough's 0.1648");
    wrong +=
        check(strcmp(microgpt_trace_path(trace, element, &size), "pos2.probs[0]") == 0, "path");
    wrong += check(size == 13, "size");
  }
  microgpt_trace_free(trace);
  return wrong;
}

static int train_a_little(void) {
  const char documents[] = "anna\nbob\ncarla\n";
  double losses[3] = {0, 0, 0};
  size_t done = 0, size = 0;
  microgpt_settings settings;
  int wrong = check(microgpt_default_settings(MICROGPT_EDITION_FINAL, &settings) == 0, "settings");
  settings.num_steps = 3;
  microgpt_training* const training =
      microgpt_training_new(documents, strlen(documents), &settings, "exact");
  wrong += check(microgpt_train(training, 10, losses, &done) == 0 && done == 3, "train");
  wrong += check(losses[0] > 1 && losses[2] > 1, "losses");
  microgpt_model* const model = microgpt_training_model(training);
  microgpt_sampler* const sampler = microgpt_sampler_new(model, NULL, 42);
  const char* const name = microgpt_sample(sampler, "bo", 2, 0.5, &size);
  wrong += check(name != NULL && size >= 2 && strncmp(name, "bo", 2) == 0, "sample");
  microgpt_constraint* const short_names =
      microgpt_constraint_shape(model, "", 0, "a", 1, 2, 4, "", 0);
  wrong += check(microgpt_sampler_constrain(sampler, short_names, 0) == 0, "constrain");
  microgpt_constraint_free(short_names);
  const char* const asked = microgpt_sample(sampler, "bo", 2, 0.5, &size);
  wrong += check(asked != NULL && size <= 4 && asked[size - 1] == 'a', "a name as asked for");
  microgpt_sampler_free(sampler);
  microgpt_model_free(model);
  microgpt_training_free(training);
  return wrong;
}

int main(void) {
  const int wrong = trace_the_toy() + train_a_little();
  if (wrong == 0) printf("microgpt %s\n", microgpt_version());
  return wrong == 0 ? 0 : 1;
}
