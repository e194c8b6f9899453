#include <microgpt/c_api.h>
#include <stdio.h>

int main(void) {
  microgpt_model* const model = microgpt_model_toy();
  microgpt_config config;
  if (microgpt_model_config(model, &config) != 0) return 1;
  printf("%s %zu\n", microgpt_version(), config.num_params);
  microgpt_model_free(model);
  return 0;
}
