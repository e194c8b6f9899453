// Memory for matrices.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace microgpt::cpu {

// Zeros at first, aligned for every vector, on huge pages where the system has them: a product goes
// through so many rows at a time that the pages' addresses would not fit into the processor's
// table.
class FloatBuffer {
 public:
  FloatBuffer() = default;

  // Throws Error, beginning with `where`: the machine does not have that much memory, or does not
  // give it.
  FloatBuffer(const std::string& where, std::size_t size);

  float* data() { return data_; }
  const float* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(void* memory) const;
  };

  std::unique_ptr<void, Free> memory_;
  float* data_ = nullptr;  // the first aligned address in it
  std::size_t size_ = 0;
};

}  // namespace microgpt::cpu
