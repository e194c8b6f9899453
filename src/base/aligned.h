// Memory for vector instructions.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

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

}  // namespace microgpt
