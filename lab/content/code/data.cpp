// From a file of names to numbers, and back.
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdio>
#include <istream>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// region dataset
std::vector<std::string> load(std::istream& file, std::mt19937& generator) {
  std::vector<std::string> docs;
  for (std::string line; std::getline(file >> std::ws, line);) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    docs.push_back(line);
  }
  std::ranges::shuffle(docs, generator);
  return docs;
}
// endregion

// region tokenizer
struct Tokenizer {
  std::vector<char> letters;  // in order, each once
  std::size_t bos, vocab_size;

  explicit Tokenizer(const std::vector<std::string>& docs) {
    std::set<char> found;
    for (const std::string& doc : docs) found.insert(doc.begin(), doc.end());
    letters.assign(found.begin(), found.end());
    bos = letters.size();
    vocab_size = letters.size() + 1;
  }

  std::vector<std::size_t> encode(const std::string& doc) const {
    std::vector<std::size_t> ids = {bos};
    for (const char letter : doc) {
      ids.push_back(std::size_t(std::ranges::find(letters, letter) - letters.begin()));
    }
    ids.push_back(bos);
    return ids;
  }

  std::string decode(const std::vector<std::size_t>& ids) const {
    std::string doc;
    for (const std::size_t id : ids) {
      if (id != bos) doc += letters[id];
    }
    return doc;
  }
};
// endregion

int main() {
  std::mt19937 generator(42);
  std::istringstream file("emma\n\n  olivia \nava\n");
  auto docs = load(file, generator);
  std::ranges::sort(docs);
  assert((docs == std::vector<std::string>{"ava", "emma", "olivia"}));

  const Tokenizer tokenizer({"emma", "abcdefghijklmnopqrstuvwxyz"});
  for (const std::size_t id : tokenizer.encode("emma")) std::printf("%zu ", id);
  std::printf("\n");
  assert((tokenizer.encode("emma") == std::vector<std::size_t>{26, 4, 12, 12, 0, 26}));
  assert(tokenizer.decode(tokenizer.encode("emma")) == "emma");
  assert(tokenizer.encode("z")[1] == 25 && tokenizer.bos == 26 && tokenizer.vocab_size == 27);
  assert(tokenizer.encode("alexander").size() == 11);
}
