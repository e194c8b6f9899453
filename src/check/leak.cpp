#include "check/leak.h"

namespace microgpt::check {

double expected_leak(const Multiplicities& multiplicities, std::size_t n, std::size_t m,
                     std::size_t sampled) {
  if (m == 0 || sampled == 0) return 0;
  const double share = static_cast<double>(m) / static_cast<double>(n);
  double expected = 0, all = 1;
  std::uint64_t copies = 0;
  for (const auto& [c, texts] : multiplicities) {
    for (; copies < c && all > 0; ++copies) {
      all *= copies < m ? static_cast<double>(m - copies) / static_cast<double>(n - copies) : 0;
    }
    expected += static_cast<double>(texts) * static_cast<double>(c) * (share - all);
  }
  return expected / (share * static_cast<double>(sampled));
}

}  // namespace microgpt::check
