// Memory for vector instructions.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace microgpt {

struct FreeAligned {
  void operator()(void* p) const { ::operator delete (p, std::align_val_t{64}); }
};

// An array that begins at a cache line. Its elements have no value yet, and its pages are not
// touched.
template <class T>
using AlignedArray = std::unique_ptr<T[], FreeAligned>;

template <class T>
AlignedArray<T> make_aligned(std::size_t count) {
  return AlignedArray<T>(static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{64})));
}

// For vectors of numbers that begin at a cache line.
template <class T>
struct AlignedAllocator {
  using value_type = T;

  AlignedAllocator() = default;
  template <class U>
  explicit AlignedAllocator(const AlignedAllocator<U>&) {}

  T* allocate(std::size_t count) { return make_aligned<T>(count).release(); }
  void deallocate(T* p, std::size_t) { FreeAligned()(p); }

  bool operator==(const AlignedAllocator&) const = default;
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace microgpt
