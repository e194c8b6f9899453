#include "microgpt/dataset.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "support/message_of.h"
#include "support/python.h"

namespace microgpt {
namespace {

using Documents = std::vector<std::string>;

Documents documents_of(const Dataset& dataset) {
  Documents documents;
  for (std::size_t i = 0; i < dataset.size(); ++i) documents.emplace_back(dataset[i]);
  return documents;
}

Documents split(std::string_view bytes, Encoding encoding = Encoding::kUtf8) {
  return documents_of(Dataset(std::string(bytes), "input", encoding));
}

std::string error_in(std::string_view bytes, Encoding encoding = Encoding::kUtf8) {
  return message_of([&] { split(bytes, encoding); });
}

TEST(Dataset, OneDocumentALine) {
  EXPECT_EQ(split("emma\nolivia\nava\n"), (Documents{"emma", "olivia", "ava"}));
  EXPECT_EQ(split("emma"), (Documents{"emma"}));
}

TEST(Dataset, AllNewlinesOfPythonAndNoOther) {
  EXPECT_EQ(split("a\nb\r\nc\rd\n\re\r\r\nf"), (Documents{"a", "b", "c", "d", "e", "f"}));
  // str.splitlines would split at each of these; split('\n') does not.
  EXPECT_EQ(split("a\x0B"
                  "b\x0C"
                  "c\x1C"
                  "d\xC2\x85"
                  "e\xE2\x80\xA8"
                  "f"),
            (Documents{"a\x0B"
                       "b\x0C"
                       "c\x1C"
                       "d\xC2\x85"
                       "e\xE2\x80\xA8"
                       "f"}));
}

TEST(Dataset, StripsLinesAndDropsEmptyOnes) {
  EXPECT_EQ(split("\n \n\t anna maria \x1F\n\xC2\xA0\n\xE3\x80\x80jos\xC3\xA9\xE2\x80\xAF\n\n"),
            (Documents{"anna maria", "jos\xC3\xA9"}));
}

TEST(Dataset, KeepsAByteOrderMarkAsPythonDoes) {
  EXPECT_EQ(split("\xEF\xBB\xBF"
                  "emma\n"),
            (Documents{"\xEF\xBB\xBF"
                       "emma"}));
}

TEST(Dataset, RunningTextKeepsAllButCarriageReturns) {
  const auto text = [](std::string_view bytes, Encoding encoding = Encoding::kUtf8) {
    return documents_of(Dataset(std::string(bytes), "input", encoding, Sequences::kWindows));
  };
  EXPECT_EQ(text(" a\n\nb \r\nc\r\rd\r"), (Documents{" a\n\nb \nc\n\nd\n"}));
  EXPECT_EQ(text("\n"), (Documents{"\n"}));
  EXPECT_EQ(text("\xE9", Encoding::kLatin1), (Documents{"\xC3\xA9"}));
  EXPECT_EQ(message_of([&] { text(""); }),
            "input: no text, expected at least one line of text, got an empty file");
}

TEST(Dataset, Latin1) {
  EXPECT_EQ(split("Jos\xE9\nZo\xEB\xA0\n\x85\xFF\n", Encoding::kLatin1),
            (Documents{"Jos\xC3\xA9", "Zo\xC3\xAB", "\xC3\xBF"}));
}

TEST(Dataset, NamesTheByteThatIsNotUtf8) {
  EXPECT_EQ(error_in("emma\r\nava\nnicol\xE9\n"),
            "input: not UTF-8, expected UTF-8 text, got byte 0xE9 at line 3, byte 6; for an older "
            "file try --encoding latin-1");
  EXPECT_NE(error_in("\xFF").find("byte 0xFF at line 1, byte 1;"), std::string::npos);
  EXPECT_NE(error_in("\r\n\n\r\r\nx\xFF").find("line 5, byte 2;"), std::string::npos);
  EXPECT_NE(error_in("\r\r\xFF").find("line 3, byte 1;"), std::string::npos);
}

TEST(Dataset, RefusesNulBytes) {
  const std::string message =
      "input: NUL byte, expected text, got byte 0x00 at line 1, byte 2; the file is binary or "
      "UTF-16, save it as UTF-8";
  const std::string_view utf16("e\0m\0m\0a\0", 8);
  EXPECT_EQ(error_in(utf16), message);
  EXPECT_EQ(error_in(utf16, Encoding::kLatin1), message);
  // The mark at the start of UTF-16 is not UTF-8, but that is not what is wrong.
  EXPECT_NE(error_in(std::string_view("\xFF\xFE"
                                      "e\0",
                                      4))
                .find("UTF-16"),
            std::string::npos);
}

TEST(Dataset, RefusesTextWithoutDocuments) {
  EXPECT_EQ(error_in(""),
            "input: no documents, expected at least one line of text, got an empty file");
  EXPECT_EQ(error_in("\r\n \xE3\x80\x80\n"),
            "input: no documents, expected at least one line of text, got only white space");
}

TEST(Dataset, HashesTheBytesItWasGiven) {
  EXPECT_EQ(Dataset("Jos\xE9 \r\n", "", Encoding::kLatin1).sha256(), sha256_hex("Jos\xE9 \r\n"));
}

// Documents are slices of a text that each dataset owns, and that may live inside its std::string.
TEST(Dataset, CopiesStandAlone) {
  Dataset copy("x", "");
  {
    Dataset original("a\nb", "");
    copy = original;
    PythonRandom random(1);
    original.shuffle(random);
  }
  EXPECT_EQ(documents_of(copy), (Documents{"a", "b"}));
}

TEST(Dataset, ReadsFilesAndNamesThem) {
  const std::string path = testing::TempDir() + "microgpt_dataset_test.txt";
  std::ofstream(path, std::ios::binary) << "Jos\xE9\r\n";
  EXPECT_EQ(documents_of(Dataset::read(path, Encoding::kLatin1)), (Documents{"Jos\xC3\xA9"}));
  EXPECT_NE(message_of([&] { Dataset::read(path); }).find(path + ": not UTF-8"), std::string::npos);
  std::filesystem::remove(path);
  EXPECT_NE(message_of([&] { Dataset::read(path + ".absent"); }).find(path + ".absent: "),
            std::string::npos);
  EXPECT_NE(message_of([&] { Dataset::read(testing::TempDir()); }).find(testing::TempDir()),
            std::string::npos);
}

// Pieces of which newlines, stripping and encodings can be made to go wrong.
const std::string kPieces[] = {
    "a",
    "Q",
    "\xC3\xA9",
    "\xE2\x82\xAC",
    "\xF0\x9F\x98\x80",  // text
    "\n",
    "\r",
    "\r\n",
    "\n\r",  // ends of lines
    " ",
    "\t",
    "\x0B",
    "\x0C",
    "\x1C",
    "\x1D",
    "\x1E",
    "\x1F",
    "\xC2\x85",
    "\xC2\xA0",
    "\xE1\x9A\x80",
    "\xE2\x80\x80",
    "\xE2\x80\x8A",
    "\xE2\x80\xA8",
    "\xE2\x80\xA9",
    "\xE2\x80\xAF",
    "\xE2\x81\x9F",
    "\xE3\x80\x80",  // white space
    "\xE2\x80\x8B",
    "\xEF\xBB\xBF",
    "\x08",
    "\x7F",
    "\xC2\xA1"  // none, though it looks like it
};

std::string random_text(std::mt19937& random) {
  std::string text;
  for (std::size_t n = random() % 40; n > 0; --n) text += kPieces[random() % std::size(kPieces)];
  return text;
}

std::string hex(std::string_view bytes) {
  std::string digits;
  for (const char c : bytes) digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return digits;
}

// In the form of the Python program below.
std::string our_line(std::string_view bytes, Encoding encoding) {
  std::string line = "[";
  for (const std::string& document : split(bytes, encoding)) {
    line += hex(document) + ",";
  }
  return line + "]\n";
}

// Random files through microgpt.py's own expression.
TEST(Dataset, EqualsThePythonAtHand) {
  std::mt19937 random(1);
  std::string files, ours;
  for (int i = 0; i < 3000; ++i) {
    const std::string bytes = "x\n" + random_text(random);
    files += hex(bytes) + "\n";
    ours += our_line(bytes, Encoding::kUtf8) + our_line(bytes, Encoding::kLatin1);
  }
  MICROGPT_RUN_PYTHON(theirs, R"(
import io
for line in ''')" + files + R"('''.split():
    for encoding in 'utf-8', 'latin-1':
        text = io.TextIOWrapper(io.BytesIO(bytes.fromhex(line)), encoding)  # what open() gives
        docs = [l.strip() for l in text.read().strip().split('\n') if l.strip()]
        print('[' + ''.join(d.encode('utf-8').hex() + ',' for d in docs) + ']')
)");
  EXPECT_EQ(ours, theirs);
}

TEST(Dataset, NamesInTheOrderOfTheOracle) {
  const std::string path = MICROGPT_SHARED_DIR "/data/names.txt";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  Dataset names = Dataset::read(path);
  EXPECT_EQ(names.sha256(), "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d");
  EXPECT_EQ(names.size(), 32'033u);
  EXPECT_EQ(names[0], "emma");
  PythonRandom random(42);
  names.shuffle(random);
  EXPECT_EQ(names[0], "yuheng");
}

}  // namespace
}  // namespace microgpt
