// The description of a model as JSON: config, tokenizer, provenance. model.json and the training
// file share it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "microgpt/checkpoint.h"
#include "microgpt/error.h"

namespace microgpt {

// Runs f, and puts `where` before the message of an Error.
template <class F>
auto located(const std::string& where, F f) {
  try {
    return f();
  } catch (const Error& error) {
    throw Error(where + ": " + error.what());
  }
}

// Reads the keys config, tokenizer and provenance of an object into a model without parameters.
// Throws Error: a key is missing (but provenance and what follows from other keys), or a value is
// not right or contradicts another.
Model parse_description(const Json& object, const std::string& where);

// The parameters that a file must hold. Where it holds `present` arrays and `config` asks for many
// more, the list ends early, but is longer than `present`: no file can make us allocate much more
// than its own size.
std::vector<Tensor> expected_params(const Config& config, std::size_t present);

// Throws Error: a model can't be saved because it contradicts itself.
void check_model(const Model& model);

// Values as Python's json.dump writes them.
std::string format_config(const Model& model);
std::string format_uchars(const Tokenizer& tokenizer);
std::string_view type_of(const Tokenizer& tokenizer);  // "character", "grapheme", "byte"
std::string format_provenance(const Provenance& provenance);

// What parse_description reads: the keys and values of an object, without its braces.
std::string format_description(const Model& model);

// Appends a finite double as Python's repr: the shortest decimals that read back to the same bits,
// with a point or an exponent.
void append_double(std::string& text, double value);
std::string format_double(double value);

}  // namespace microgpt
