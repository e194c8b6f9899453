// Writes what the library asks of utf8proc as tables, on the machine that builds: for WebAssembly
// there is no utf8proc, and most of it is not asked for. stand_ins/guardrails/utf8proc.cpp reads
// them.
#include <utf8proc.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {

using Letters = std::u32string;
using Bytes = std::vector<unsigned>;

constexpr char32_t kEnd = 0x110000;
constexpr int kPlain = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK;

Letters mapped(char32_t c, int options) {
  std::array<utf8proc_int32_t, 64> made{};
  int bound_class = UTF8PROC_BOUNDCLASS_START;
  const auto size =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), made.data(), made.size(),
                              static_cast<utf8proc_option_t>(options), &bound_class);
  return size < 0 ? Letters(1, c) : Letters(made.begin(), made.begin() + size);
}

Letters mapped(const Letters& letters, int options) {
  Letters all;
  for (const char32_t c : letters) all += mapped(c, options);
  return all;
}

// 0 a letter, digit or other number, 1 a mark, 2 a format character, 3 any other.
unsigned kind_of(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return 0;
  if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) return 0;
  if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) return 1;
  return category == UTF8PROC_CATEGORY_CF ? 2 : 3;
}

// Seven bits a byte, the low ones first; the last byte is below 128.
void put(Bytes& bytes, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(value & 0x7F | 0x80);
  bytes.push_back(value);
}

void put_signed(Bytes& bytes, std::int32_t value) {
  put(bytes, static_cast<std::uint32_t>(value) << 1 ^ static_cast<std::uint32_t>(value >> 31));
}

// Entries of those characters that `made` makes another thing of than `expected` does: how far from
// the last one, number of letters, and how far each is from the one before.
template <class Made, class Expected>
Bytes map_table(Made made, Expected expected) {
  Bytes bytes;
  char32_t last = 0;
  for (char32_t c = 0; c < kEnd; ++c) {
    const Letters letters = made(c);
    if (letters == expected(c)) continue;
    put(bytes, c - last);
    put(bytes, static_cast<std::uint32_t>(letters.size()));
    char32_t before = c;
    for (const char32_t letter : letters) {
      put_signed(bytes, static_cast<std::int32_t>(letter - before));
      before = letter;
    }
    last = c;
  }
  return bytes;
}

// UAX #29's class of a character. Hangul's syllables have two, in turn: theirs are left out.
unsigned bound_class_of(char32_t c) {
  if (c >= 0xAC00 && c <= 0xD7A3) return UTF8PROC_BOUNDCLASS_LVT;
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->boundclass;
}

// Runs of characters for which `of` says the same: length << bits | what it says.
template <class Of>
Bytes run_table(Of of, int bits) {
  Bytes bytes;
  for (char32_t c = 0, first = 0; c < kEnd; first = c) {
    while (c < kEnd && of(c) == of(first)) ++c;
    put(bytes, (c - first) << bits | of(first));
  }
  return bytes;
}

Letters without_table(char32_t c) {
  if (kind_of(c) == 1) return {};
  if (c < 0xAC00 || c > 0xD7A3) return Letters(1, c);
  const char32_t syllable = c - 0xAC00;  // Hangul: Unicode 3.12
  Letters letters = {0x1100 + syllable / 588, 0x1161 + syllable % 588 / 28};
  if (syllable % 28 != 0) letters += 0x11A7 + syllable % 28;
  return letters;
}

void print(const char* name, const Bytes& bytes) {
  std::printf("inline constexpr unsigned char %s[] = {", name);
  for (std::size_t i = 0; i < bytes.size(); ++i) std::printf("%s%u,", i % 32 ? "" : "\n", bytes[i]);
  std::printf("\n};\n");
}

}  // namespace

int main() {
  const auto itself = [](char32_t c) { return Letters(1, c); };
  const auto plain = [](char32_t c) { return mapped(c, kPlain); };
  const auto folded = [](char32_t c) { return mapped(c, UTF8PROC_CASEFOLD); };
  print("kKinds", run_table(kind_of, 2));
  print("kBoundClasses", run_table(bound_class_of, 5));
  print("kPlain", map_table(plain, without_table));
  print("kFolded", map_table(folded, itself));
  print("kPlainFolded", map_table([](char32_t c) { return mapped(c, kPlain | UTF8PROC_CASEFOLD); },
                                  [&](char32_t c) { return mapped(folded(c), kPlain); }));
  print("kLower", map_table(
                      [](char32_t c) {
                        return Letters(1, static_cast<char32_t>(
                                              utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
                      },
                      [&](char32_t c) { return folded(c).size() == 1 ? folded(c) : itself(c); }));
}
