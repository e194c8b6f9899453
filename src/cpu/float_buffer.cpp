#include "cpu/float_buffer.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdlib>
#include <memory>

#include "base/memory.h"
#include "microgpt/error.h"

namespace microgpt::cpu {
namespace {

constexpr std::size_t kHugePage = std::size_t{1} << 21;
constexpr std::size_t kCacheLine = 64;

}  // namespace

// calloc gives large blocks as the system gives them, zero without a pass over them.
FloatBuffer::FloatBuffer(const std::string& where, std::size_t size) : size_(size) {
  check_memory(where, sizeof(float) * static_cast<double>(size));
  const std::size_t bytes = size * sizeof(float);
  const std::size_t alignment = bytes < kHugePage ? kCacheLine : kHugePage;
  std::size_t space = bytes + alignment;
  memory_.reset(std::calloc(1, space));
  if (memory_ == nullptr) {
    throw Error(
        fmt::format("{}: the system has no memory left, expected {} MiB", where, bytes >> 20));
  }
  void* data = memory_.get();
  data_ = static_cast<float*>(std::align(alignment, bytes, data, space));
#if defined(MADV_HUGEPAGE)
  if (alignment == kHugePage) madvise(data_, bytes, MADV_HUGEPAGE);  // a hint: it may well fail
#endif
}

void FloatBuffer::Free::operator()(void* memory) const { std::free(memory); }

}  // namespace microgpt::cpu
