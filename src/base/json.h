// JSON, read strictly.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace microgpt {

using Json = nlohmann::ordered_json;

// Parses one JSON text. Throws Error starting with "where: ": a syntax error (with line and
// column), nesting deeper than 16, a key twice in one object, or a number too large for a double.
Json parse_json(std::string_view text, const std::string& where);

// Typed access to object[key]. `where` names the object for messages, "model.json: config".
// Throws Error: object is not an object, the key is missing, or the value has another type; an
// integer must also lie in min..max, a number must be finite.
const Json& json_at(const Json& object, const std::string& key, const std::string& where);
std::int64_t json_int(const Json& object, const std::string& key, std::int64_t min,
                      std::int64_t max, const std::string& where);
std::uint64_t json_uint64(const Json& object, const std::string& key, const std::string& where);
double json_double(const Json& object, const std::string& key, const std::string& where);
bool json_bool(const Json& object, const std::string& key, const std::string& where);
std::string json_string(const Json& object, const std::string& key, const std::string& where);

// A text as a JSON string, in ASCII as Python's json.dump writes it. Bytes that are not UTF-8
// become U+FFFD.
std::string quote_json(std::string_view text);

// What kind of value this is, for messages: "a string", "an object with 3 keys", "the number 7".
std::string describe_json(const Json& value);

}  // namespace microgpt
