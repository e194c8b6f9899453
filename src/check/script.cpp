#include "check/script.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace microgpt::check {
namespace {

struct ScriptRange {
  char32_t first, last;
  Script script;
};

// The property Script of Unicode 14.0 for these scripts. A range may run over code points that are
// not assigned.
constexpr ScriptRange kRanges[] = {
    {0x41, 0x5A, Script::kLatin},           {0x61, 0x7A, Script::kLatin},
    {0xAA, 0xAA, Script::kLatin},           {0xBA, 0xBA, Script::kLatin},
    {0xC0, 0xD6, Script::kLatin},           {0xD8, 0xF6, Script::kLatin},
    {0xF8, 0x2B8, Script::kLatin},          {0x2E0, 0x2E4, Script::kLatin},
    {0x2EA, 0x2EB, Script::kBopomofo},      {0x370, 0x373, Script::kGreek},
    {0x375, 0x37D, Script::kGreek},         {0x37F, 0x384, Script::kGreek},
    {0x386, 0x386, Script::kGreek},         {0x388, 0x3E1, Script::kGreek},
    {0x3E2, 0x3EF, Script::kCoptic},        {0x3F0, 0x3FF, Script::kGreek},
    {0x400, 0x484, Script::kCyrillic},      {0x487, 0x52F, Script::kCyrillic},
    {0x531, 0x58F, Script::kArmenian},      {0x591, 0x5F4, Script::kHebrew},
    {0x600, 0x604, Script::kArabic},        {0x606, 0x60B, Script::kArabic},
    {0x60D, 0x61A, Script::kArabic},        {0x61C, 0x61E, Script::kArabic},
    {0x620, 0x63F, Script::kArabic},        {0x641, 0x64A, Script::kArabic},
    {0x656, 0x66F, Script::kArabic},        {0x671, 0x6DC, Script::kArabic},
    {0x6DE, 0x6FF, Script::kArabic},        {0x700, 0x74F, Script::kSyriac},
    {0x750, 0x77F, Script::kArabic},        {0x780, 0x7B1, Script::kThaana},
    {0x7C0, 0x7FF, Script::kNko},           {0x860, 0x86A, Script::kSyriac},
    {0x870, 0x8E1, Script::kArabic},        {0x8E3, 0x8FF, Script::kArabic},
    {0x900, 0x950, Script::kDevanagari},    {0x955, 0x963, Script::kDevanagari},
    {0x966, 0x97F, Script::kDevanagari},    {0x980, 0x9FE, Script::kBengali},
    {0xA01, 0xA76, Script::kGurmukhi},      {0xA81, 0xAFF, Script::kGujarati},
    {0xB01, 0xB77, Script::kOriya},         {0xB82, 0xBFA, Script::kTamil},
    {0xC00, 0xC7F, Script::kTelugu},        {0xC80, 0xCF2, Script::kKannada},
    {0xD00, 0xD7F, Script::kMalayalam},     {0xD81, 0xDF4, Script::kSinhala},
    {0xE01, 0xE3A, Script::kThai},          {0xE40, 0xE5B, Script::kThai},
    {0xE81, 0xEDF, Script::kLao},           {0xF00, 0xFD4, Script::kTibetan},
    {0xFD9, 0xFDA, Script::kTibetan},       {0x1000, 0x109F, Script::kMyanmar},
    {0x10A0, 0x10FA, Script::kGeorgian},    {0x10FC, 0x10FF, Script::kGeorgian},
    {0x1100, 0x11FF, Script::kHangul},      {0x1200, 0x1399, Script::kEthiopic},
    {0x13A0, 0x13FD, Script::kCherokee},    {0x1780, 0x17F9, Script::kKhmer},
    {0x1800, 0x1801, Script::kMongolian},   {0x1804, 0x1804, Script::kMongolian},
    {0x1806, 0x18AA, Script::kMongolian},   {0x19E0, 0x19FF, Script::kKhmer},
    {0x1C80, 0x1C88, Script::kCyrillic},    {0x1C90, 0x1CBF, Script::kGeorgian},
    {0x1D00, 0x1D25, Script::kLatin},       {0x1D26, 0x1D2A, Script::kGreek},
    {0x1D2B, 0x1D2B, Script::kCyrillic},    {0x1D2C, 0x1D5C, Script::kLatin},
    {0x1D5D, 0x1D61, Script::kGreek},       {0x1D62, 0x1D65, Script::kLatin},
    {0x1D66, 0x1D6A, Script::kGreek},       {0x1D6B, 0x1D77, Script::kLatin},
    {0x1D78, 0x1D78, Script::kCyrillic},    {0x1D79, 0x1DBE, Script::kLatin},
    {0x1DBF, 0x1DBF, Script::kGreek},       {0x1E00, 0x1EFF, Script::kLatin},
    {0x1F00, 0x1FFE, Script::kGreek},       {0x2071, 0x2071, Script::kLatin},
    {0x207F, 0x207F, Script::kLatin},       {0x2090, 0x209C, Script::kLatin},
    {0x2126, 0x2126, Script::kGreek},       {0x212A, 0x212B, Script::kLatin},
    {0x2132, 0x2132, Script::kLatin},       {0x214E, 0x214E, Script::kLatin},
    {0x2160, 0x2188, Script::kLatin},       {0x2C60, 0x2C7F, Script::kLatin},
    {0x2C80, 0x2CFF, Script::kCoptic},      {0x2D00, 0x2D2D, Script::kGeorgian},
    {0x2D80, 0x2DDE, Script::kEthiopic},    {0x2DE0, 0x2DFF, Script::kCyrillic},
    {0x2E80, 0x2FD5, Script::kHan},         {0x3005, 0x3005, Script::kHan},
    {0x3007, 0x3007, Script::kHan},         {0x3021, 0x3029, Script::kHan},
    {0x302E, 0x302F, Script::kHangul},      {0x3038, 0x303B, Script::kHan},
    {0x3041, 0x3096, Script::kHiragana},    {0x309D, 0x309F, Script::kHiragana},
    {0x30A1, 0x30FA, Script::kKatakana},    {0x30FD, 0x30FF, Script::kKatakana},
    {0x3105, 0x312F, Script::kBopomofo},    {0x3131, 0x318E, Script::kHangul},
    {0x31A0, 0x31BF, Script::kBopomofo},    {0x31F0, 0x31FF, Script::kKatakana},
    {0x3200, 0x321E, Script::kHangul},      {0x3260, 0x327E, Script::kHangul},
    {0x32D0, 0x32FE, Script::kKatakana},    {0x3300, 0x3357, Script::kKatakana},
    {0x3400, 0x4DBF, Script::kHan},         {0x4E00, 0x9FFF, Script::kHan},
    {0xA640, 0xA69F, Script::kCyrillic},    {0xA722, 0xA787, Script::kLatin},
    {0xA78B, 0xA7FF, Script::kLatin},       {0xA8E0, 0xA8FF, Script::kDevanagari},
    {0xA960, 0xA97C, Script::kHangul},      {0xA9E0, 0xA9FE, Script::kMyanmar},
    {0xAA60, 0xAA7F, Script::kMyanmar},     {0xAB01, 0xAB2E, Script::kEthiopic},
    {0xAB30, 0xAB5A, Script::kLatin},       {0xAB5C, 0xAB64, Script::kLatin},
    {0xAB65, 0xAB65, Script::kGreek},       {0xAB66, 0xAB69, Script::kLatin},
    {0xAB70, 0xABBF, Script::kCherokee},    {0xAC00, 0xD7FB, Script::kHangul},
    {0xF900, 0xFAD9, Script::kHan},         {0xFB00, 0xFB06, Script::kLatin},
    {0xFB13, 0xFB17, Script::kArmenian},    {0xFB1D, 0xFB4F, Script::kHebrew},
    {0xFB50, 0xFD3D, Script::kArabic},      {0xFD40, 0xFDFF, Script::kArabic},
    {0xFE2E, 0xFE2F, Script::kCyrillic},    {0xFE70, 0xFEFC, Script::kArabic},
    {0xFF21, 0xFF3A, Script::kLatin},       {0xFF41, 0xFF5A, Script::kLatin},
    {0xFF66, 0xFF6F, Script::kKatakana},    {0xFF71, 0xFF9D, Script::kKatakana},
    {0xFFA0, 0xFFDC, Script::kHangul},      {0x10140, 0x1018E, Script::kGreek},
    {0x101A0, 0x101A0, Script::kGreek},     {0x10780, 0x107BA, Script::kLatin},
    {0x10E60, 0x10E7E, Script::kArabic},    {0x111E1, 0x111F4, Script::kSinhala},
    {0x11660, 0x1166C, Script::kMongolian}, {0x11FC0, 0x11FFF, Script::kTamil},
    {0x16FE2, 0x16FE3, Script::kHan},       {0x16FF0, 0x16FF1, Script::kHan},
    {0x1AFF0, 0x1B000, Script::kKatakana},  {0x1B001, 0x1B11F, Script::kHiragana},
    {0x1B120, 0x1B122, Script::kKatakana},  {0x1B150, 0x1B152, Script::kHiragana},
    {0x1B164, 0x1B167, Script::kKatakana},  {0x1D200, 0x1D245, Script::kGreek},
    {0x1DF00, 0x1DF1E, Script::kLatin},     {0x1E7E0, 0x1E7FE, Script::kEthiopic},
    {0x1EE00, 0x1EEF1, Script::kArabic},    {0x1F200, 0x1F200, Script::kHiragana},
    {0x20000, 0x3134A, Script::kHan},
};

constexpr std::array<std::string_view, kNumScripts> kScriptNames = {
    "other",     "Latin",    "Greek",    "Cyrillic", "Armenian", "Coptic",    "Cherokee",
    "Georgian",  "Hebrew",   "Arabic",   "Syriac",   "Thaana",   "Nko",       "Devanagari",
    "Bengali",   "Gurmukhi", "Gujarati", "Oriya",    "Tamil",    "Telugu",    "Kannada",
    "Malayalam", "Sinhala",  "Tibetan",  "Myanmar",  "Khmer",    "Mongolian", "Thai",
    "Lao",       "Ethiopic", "Hangul",   "Hiragana", "Katakana", "Bopomofo",  "Han",
};

}  // namespace

std::string_view to_string(Script script) { return kScriptNames[static_cast<std::size_t>(script)]; }

Script script_of(char32_t c) {
  const auto range = std::ranges::lower_bound(kRanges, c, {}, &ScriptRange::last);
  return range == std::end(kRanges) || c < range->first ? Script::kOther : range->script;
}

}  // namespace microgpt::check
