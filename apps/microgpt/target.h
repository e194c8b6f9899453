// Values as they are typed on the command line and in config files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "microgpt/config.h"
#include "microgpt/dataset.h"
#include "microgpt/error.h"
#include "microgpt/tokenizer.h"

namespace microgpt {

// The command line itself is wrong. Ends the program with status 2 and a hint to --help.
class UsageError : public Error {
 public:
  using Error::Error;
};

// A variable that a value is read into.
using Target = std::variant<int*, std::optional<int>*, std::int64_t*, std::uint64_t*, double*,
                            bool*, std::string*, Edition*, Activation*, Optimizer*, Schedule*,
                            Encoding*, Sequences*, TokenKind*>;

std::string_view to_string(Encoding encoding);  // "utf-8", "latin-1"

// Reads all of text into the target. The grammar is std::from_chars': no spaces, no plus sign.
//   expected: the values that make sense, "1 or more", for messages.
// Throws Error starting with "where: ": text is no such value.
void parse_value(std::string_view text, const Target& target, const std::string& where,
                 std::string_view expected);

// The inverse of parse_value: doubles as the shortest decimals that read back to the same bits;
// empty for an optional that has no value.
std::string format_value(const Target& target);

// The names that an enumeration target takes, "final|first"; empty for other targets.
std::string choices(const Target& target);

}  // namespace microgpt
