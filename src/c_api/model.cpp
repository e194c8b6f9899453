// Models, errors and texts for C.
#include <algorithm>
#include <array>
#include <cstring>

#include "c_api/handles.h"
#include "microgpt/version.h"

namespace microgpt::c_api {
namespace {

thread_local std::array<char, 1024> last_error{};  // fixed, so that saying so can't fail

}  // namespace

void set_last_error(const char* message) {
  std::size_t size = std::strlen(message);
  if (size > last_error.size() - 1) {
    size = last_error.size() - 1;
    while (size > 0 && (message[size] & 0xC0) == 0x80) --size;  // no part of a letter
  }
  std::copy_n(message, size, last_error.begin());
  last_error[size] = '\0';
}

void check_index(std::size_t index, std::size_t size, const char* name) {
  if (index < size) return;
  throw Error(std::string(name) + ": out of range, expected 0 to below " + std::to_string(size) +
              ", got " + std::to_string(static_cast<std::ptrdiff_t>(index)));
}

std::string_view text_given(const char* text, std::size_t size, const char* name) {
  if (size == 0) return {};
  return {&given(text, name), size};
}

const char* hand_out(std::string_view text, std::size_t* size) {
  if (size != nullptr) *size = text.size();
  return text.data();
}

}  // namespace microgpt::c_api

using namespace microgpt;
using namespace microgpt::c_api;

const char* microgpt_version() { return version().data(); }

const char* microgpt_last_error() { return last_error.data(); }

microgpt_model* microgpt_model_parse(const char* json, size_t size) {
  return pointer_of([&] {
    Model model = parse_model(text_given(json, size, "json"), "model");
    model.config.check_whole("model");
    return new microgpt_model{std::move(model)};
  });
}

microgpt_model* microgpt_model_toy() {
  return pointer_of([&] { return new microgpt_model{toy_model()}; });
}

void microgpt_model_free(microgpt_model* model) { delete model; }

int microgpt_model_config(const microgpt_model* model, microgpt_config* config) {
  return status_of([&] {
    const Model& m = given(model, "model").model;
    const Config& c = m.config;
    given(config, "config") = {c.n_layer,         c.n_embd,      c.block_size,
                               c.n_head,          c.vocab_size,  static_cast<int>(c.activation),
                               m.tokenizer.bos(), c.num_params()};
  });
}

int microgpt_model_parameter(microgpt_model* model, size_t i, microgpt_parameter* parameter) {
  return status_of([&] {
    auto& params = given(model, "model").model.state.params;
    check_index(i, params.size(), "parameter");
    Tensor& tensor = params[i];
    given(parameter, "parameter") = {tensor.name.c_str(), tensor.rows, tensor.cols,
                                     tensor.data.data()};
  });
}

size_t microgpt_model_num_parameters(const microgpt_model* model) {
  return model == nullptr ? 0 : model->model.state.params.size();
}

const char* microgpt_model_json(microgpt_model* model, size_t* size) {
  return pointer_of([&] {
    microgpt_model& m = given(model, "model");
    check_state_dict(m.model.state, m.model.config, "model");  // it may have been written to
    m.text = format_model(m.model);
    return hand_out(m.text, size);
  });
}

int microgpt_encode(const microgpt_model* model, const char* text, size_t size, int* tokens,
                    size_t room, size_t* num_tokens) {
  return status_of([&] {
    const auto ids =
        given(model, "model").model.tokenizer.encode_document(text_given(text, size, "text"));
    size_t& count = given(num_tokens, "num_tokens");
    if (room > 0) std::copy_n(ids.begin(), std::min(room, ids.size()), &given(tokens, "tokens"));
    count = ids.size();
  });
}

const char* microgpt_token_text(const microgpt_model* model, int token, size_t* size) {
  return pointer_of([&] {
    const Tokenizer& tokenizer = given(model, "model").model.tokenizer;
    check_index(static_cast<std::size_t>(token), static_cast<std::size_t>(tokenizer.vocab_size()),
                "token");
    return token == tokenizer.bos() ? hand_out("", size)
                                    : hand_out(tokenizer.token_text(token), size);
  });
}
