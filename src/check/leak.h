// What a random split of a list lets leak from training to validation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace microgpt::check {

// How many different documents occur how often: {1: 26955, 2: 2539}.
using Multiplicities = std::map<std::uint64_t, std::uint64_t>;

// Of n documents m are drawn for validation, each set of m as likely, and the others are for
// training. Expected share of the validation documents whose text is in training, too.
//
// Take one copy of a text that occurs c times. It is in validation with probability m/n. All c
// copies are, so that none is left for training, with
//   all(c) = C(n-c, m-c) / C(n, m) = m/n * (m-1)/(n-1) * ... * (m-c+1)/(n-c+1).
// So it is in validation and another copy in training with m/n - all(c). Expectations add up: c
// such copies for each text, over the m documents of validation, give
//   sum over texts of c * (m/n - all(c)) / m.
// A text that occurs once contributes 0, as it must.
//
// `multiplicities` may be those of a fair sample of texts; `sampled` is how many documents are in
// it, n if all are. REQUIRES: m <= n.
double expected_leak(const Multiplicities& multiplicities, std::size_t n, std::size_t m,
                     std::size_t sampled);

}  // namespace microgpt::check
