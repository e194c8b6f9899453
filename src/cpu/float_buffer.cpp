#include "cpu/float_buffer.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "base/memory.h"
#include "microgpt/error.h"

namespace microgpt::cpu {
namespace {

constexpr std::size_t kHugePage = std::size_t{1} << 21;
constexpr std::size_t kCacheLine = 64;

}  // namespace

FloatBuffer::FloatBuffer(const std::string& where, std::size_t size) {
  check_memory(where, sizeof(float) * static_cast<double>(size));
  const std::size_t alignment = size * sizeof(float) < kHugePage ? kCacheLine : kHugePage;
  const std::size_t bytes = (size * sizeof(float) + alignment - 1) / alignment * alignment;
  void* data = std::aligned_alloc(alignment, bytes);
  if (data == nullptr) {
    throw Error(
        fmt::format("{}: the system has no memory left, expected {} MiB", where, bytes >> 20));
  }
  data_.reset(static_cast<float*>(data));
  size_ = size;
#if defined(MADV_HUGEPAGE)
  if (alignment == kHugePage) madvise(data, bytes, MADV_HUGEPAGE);  // a hint: it may well fail
#endif
  std::memset(data, 0, bytes);
}

void FloatBuffer::Free::operator()(float* data) const { std::free(data); }

}  // namespace microgpt::cpu
