#include "guardrails/request.h"

#include <algorithm>
#include <utility>

namespace microgpt {

std::string plain_letters(std::string_view text) {
  std::string letters;
  for (const char c : text) {
    if (c >= 'a' && c <= 'z') letters += c;
    if (c >= 'A' && c <= 'Z') letters += static_cast<char>(c - 'A' + 'a');
  }
  return letters;
}

std::vector<std::string> plain_prefixes(std::string_view request) {
  constexpr std::string_view kSpaces = " \t\r\v\f";
  std::vector<std::string> prefixes;
  std::size_t at = request.find_first_not_of(kSpaces);
  if (at == std::string_view::npos) return {""};
  while (at != std::string_view::npos) {
    const std::size_t end = std::min(request.find_first_of(kSpaces, at), request.size());
    std::string letters = plain_letters(request.substr(at, end - at));
    if (!letters.empty()) prefixes.push_back(std::move(letters));
    at = request.find_first_not_of(kSpaces, end);
  }
  return prefixes;
}

}  // namespace microgpt
