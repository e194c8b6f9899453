#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <new>
#include <unordered_set>
#include <utility>
#include <vector>

#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr std::size_t kMaxDepth = 16;

// Goes through a text and leaves its place where the tree builder can see it, which the parser
// does not tell.
class TrackedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedIterator(const char* at, const char** place) : at_(at), place_(place) {}

  reference operator*() const { return *at_; }
  TrackedIterator& operator++() {
    *place_ = ++at_;
    return *this;
  }
  TrackedIterator operator++(int) {
    TrackedIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const TrackedIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** place_;
};

// Where text[offset] stands, for people: lines and columns are counted from 1, columns in
// characters.
std::string line_and_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::string_view line = before.substr(before.rfind('\n') + 1);
  const auto starts_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  };
  const auto columns = std::count_if(line.begin(), line.end(), starts_character);
  return fmt::format("line {}, column {}", lines + 1, columns + 1);
}

// A key for messages: quoted, escaped, and cut where it is long.
std::string quote(const std::string& key) {
  constexpr std::size_t kLongest = 60;
  const std::string shown = key.size() <= kLongest ? key : key.substr(0, kLongest) + "...";
  return Json(shown).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The parser's diagnostic, which reads "... syntax error while parsing WHAT - unexpected GOT;
// expected WANTED" or "... - MESSAGE; last read: 'TEXT'; expected WANTED", in our order.
std::string rephrase(std::string_view diagnostic) {
  const std::size_t dash = diagnostic.find(" - ");
  if (dash != std::string_view::npos) diagnostic.remove_prefix(dash + 3);
  const std::size_t last_read = diagnostic.find("; last read: ");
  if (last_read != std::string_view::npos) return std::string(diagnostic.substr(0, last_read));

  constexpr std::string_view kUnexpected = "unexpected ", kExpected = "; expected ";
  const std::size_t expected = diagnostic.find(kExpected);
  if (!diagnostic.starts_with(kUnexpected) || expected == std::string_view::npos) {
    return std::string(diagnostic);
  }
  return fmt::format("expected {}, got {}", diagnostic.substr(expected + kExpected.size()),
                     diagnostic.substr(kUnexpected.size(), expected - kUnexpected.size()));
}

// Receives what the parser reads and builds the tree. Unlike the parser's own builder it sees a
// key that stands twice and bounds the depth, and takes constant time for each key.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  const char** place() { return &place_; }
  Json take() { return std::move(root_); }

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) { return add(value); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(Json::binary_t& value) { return add(std::move(value)); }

  bool start_object(std::size_t) { return open(Json::object()); }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    Open& object = open_.back();
    if (!object.keys.insert(name).second) {
      fail(fmt::format("key {} twice in one object", quote(name)), offset() - 1);
    }
    // The base class appends without looking for the key, which would take quadratic time.
    Json::object_t::Container& members = object.value->get_ref<Json::object_t&>();
    slot_ = &members.emplace_back(std::move(name), nullptr).second;
    return true;
  }

  bool parse_error(std::size_t read, const std::string&, const Json::exception& error) {
    constexpr int kNumberOverflow = 406;
    const std::size_t last = std::min(read - std::min<std::size_t>(read, 1), text_.size());
    if (error.id == kNumberOverflow) fail("number too large for a double", last);
    fail("not JSON, " + rephrase(error.what()), last);
  }

 private:
  struct Open {
    Json* value;
    std::unordered_set<std::string> keys;
  };

  std::size_t offset() const {
    return place_ == nullptr ? 0 : static_cast<std::size_t>(place_ - text_.data());
  }

  [[noreturn]] void fail(const std::string& what, std::size_t offset) const {
    throw Error(fmt::format("{}: {} at {}", where_, what, line_and_column(text_, offset)));
  }

  // Puts a value where the text has it.
  Json* place_value(Json&& value) {
    if (open_.empty()) return &(root_ = std::move(value));
    Json& parent = *open_.back().value;
    if (parent.is_array()) {
      return &parent.get_ref<Json::array_t&>().emplace_back(std::move(value));
    }
    return &(*slot_ = std::move(value));
  }

  bool add(Json value) {
    place_value(std::move(value));
    return true;
  }

  bool open(Json value) {
    if (open_.size() == kMaxDepth) {
      fail(fmt::format("nested deeper than {}", kMaxDepth), offset() - 1);
    }
    open_.push_back({place_value(std::move(value)), {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  const std::string& where_;
  const char* place_ = nullptr;
  Json root_;
  std::vector<Open> open_;
  Json* slot_ = nullptr;  // of the key read last
};

[[noreturn]] void wrong_type(const Json& value, const std::string& key, const std::string& expected,
                             const std::string& where) {
  throw Error(fmt::format("{}: {} is {}, expected {}", where, key, describe_json(value), expected));
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where) {
  // The parser would skip a byte order mark, and take a NUL byte for the end of the text.
  if (text.starts_with("\xEF\xBB\xBF")) {
    throw Error(where + ": not JSON, starts with a byte order mark; save it as UTF-8 without BOM");
  }
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw Error(fmt::format("{}: not JSON, NUL byte at {}", where, line_and_column(text, nul)));
  }
  try {
    TreeBuilder builder(text, where);
    const TrackedIterator begin(text.data(), builder.place());
    const TrackedIterator end(text.data() + text.size(), builder.place());
    Json::sax_parse(begin, end, &builder);
    return builder.take();
  } catch (const std::bad_alloc&) {
    throw Error(where + ": too large for the memory of this machine");
  }
}

const Json& json_at(const Json& object, const std::string& key, const std::string& where) {
  if (!object.is_object()) {
    throw Error(fmt::format("{}: expected an object, got {}", where, describe_json(object)));
  }
  const auto found = object.find(key);
  if (found == object.end()) throw Error(fmt::format("{}: no key {}", where, quote(key)));
  return *found;
}

std::int64_t json_int(const Json& object, const std::string& key, std::int64_t min,
                      std::int64_t max, const std::string& where) {
  const Json& value = json_at(object, key, where);
  const std::string expected = fmt::format("an integer in {}..{}", min, max);
  if (!value.is_number_integer()) wrong_type(value, key, expected, where);
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > kLargest) {
    wrong_type(value, key, expected, where);
  }
  const auto number = value.get<std::int64_t>();
  if (number < min || number > max) wrong_type(value, key, expected, where);
  return number;
}

std::uint64_t json_uint64(const Json& object, const std::string& key, const std::string& where) {
  const Json& value = json_at(object, key, where);
  if (!value.is_number_unsigned()) {
    wrong_type(value, key, fmt::format("an integer in 0..{}", UINT64_MAX), where);
  }
  return value.get<std::uint64_t>();
}

double json_double(const Json& object, const std::string& key, const std::string& where) {
  const Json& value = json_at(object, key, where);
  if (!value.is_number() || !std::isfinite(value.get<double>())) {
    wrong_type(value, key, "a finite number", where);
  }
  return value.get<double>();
}

std::string json_string(const Json& object, const std::string& key, const std::string& where) {
  const Json& value = json_at(object, key, where);
  if (!value.is_string()) wrong_type(value, key, "a string", where);
  return value.get<std::string>();
}

bool json_bool(const Json& object, const std::string& key, const std::string& where) {
  const Json& value = json_at(object, key, where);
  if (!value.is_boolean()) wrong_type(value, key, "true or false", where);
  return value.get<bool>();
}

std::string quote_json(std::string_view text) {
  return Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string describe_json(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      return fmt::format("an object with {} key{}", value.size(), value.size() == 1 ? "" : "s");
    case Json::value_t::array:
      return fmt::format("an array of {} value{}", value.size(), value.size() == 1 ? "" : "s");
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
    case Json::value_t::null:
      return value.dump();
    default:
      return "the number " + value.dump();
  }
}

}  // namespace microgpt
