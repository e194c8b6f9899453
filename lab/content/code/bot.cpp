// A first attempt at the bot's two hooks, and the letters that may follow. Runs by itself.
#include <algorithm>
#include <cassert>
#include <optional>
#include <string>
#include <vector>

// region hooks
const std::vector<std::string> blocked_prefix_patterns = {"pear", "fig"};
const std::vector<std::string> blocked_output_patterns = {"pear", "fig"};

// Before anything is made up: nothing, or one sentence that tells why not.
std::optional<std::string> is_safe_request(const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    for (const std::string& word : blocked_prefix_patterns) {
      if (prefix.starts_with(word)) return "No name may begin with a fruit.";
    }
  }
  return std::nullopt;
}

// After a name is made up: may it be said?
bool is_safe_name(const std::string& name) {
  return std::none_of(
      blocked_output_patterns.begin(), blocked_output_patterns.end(),
      [&](const std::string& word) { return name.find(word) != std::string::npos; });
}
// endregion

// region allowed
// The letters after which a name that holds no banned word still holds none.
std::string allowed_letters(const std::string& name) {
  std::string letters;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    if (is_safe_name(name + letter)) letters += letter;
  }
  return letters;
}
// endregion

int main() {
  assert(!is_safe_request({""}));
  assert(!is_safe_request({"j", "a"}));
  assert(is_safe_request({"a", "pearl"}));
  assert(!is_safe_request({"spear"}));  // what the first attempt overlooks
  assert(is_safe_name("kamon"));
  assert(!is_safe_name("spear"));
  assert(allowed_letters("pea") == "abcdefghijklmnopqstuvwxyz");
  assert(allowed_letters("pe").size() == 26);
}
