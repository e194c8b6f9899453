// C++ exceptions. Debian's libc++abi for WebAssembly is built without them, but clang's
// -fwasm-exceptions makes code that needs no more than what stands here.
//
// How a throw gets to its catch, by the Itanium C++ ABI (itanium-cxx-abi.github.io, "Exception
// Handling") and LLVM's scheme for WebAssembly (llvm/lib/CodeGen/WasmEHPrepare.cpp):
//
//   throw      Calls __cxa_allocate_exception, makes the object there, and calls __cxa_throw, which
//              uses the instruction `throw` with the tag __cpp_exception and our Exception. The
//              WebAssembly engine unwinds the stack to the next `try` around a call.
//   landing    There compiled code puts the number of the landing pad and the address of the
//              function's table (LSDA) into __wasm_lpad_context and calls _Unwind_CallPersonality.
//              That finds in the table which catch clause takes the exception, and leaves its
//              number in `selector`; 0 means that none does, and the code throws it on.
//   catch      __cxa_begin_catch hands out the object, __cxa_end_catch destroys it.
//
// There is one thread, and an exception is never copied, so that nothing is counted but handlers.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <new>
#include <typeinfo>

namespace __cxxabiv1 {

// The base of all type_infos of libc++abi, which knows whether a handler for one type takes an
// exception of another: same order of virtual functions as in its private_typeinfo.h.
class __shim_type_info : public std::type_info {
 public:
  virtual void noop1() const;
  virtual void noop2() const;
  // Moves the pointer to the base class that the handler is for.
  virtual bool can_catch(const __shim_type_info* thrown, void*& object) const = 0;
};

}  // namespace __cxxabiv1

namespace {

using TypeInfo = __cxxabiv1::__shim_type_info;

// Stands before the object that was thrown.
struct alignas(16) Exception {
  const TypeInfo* type;
  void* (*destroy)(void*);  // destructors return `this` in WebAssembly's C++ ABI
  void* caught_as;          // the object, or its base class that the handler is for
  Exception* below;         // among those that are being handled
  int handlers;             // that have not ended yet
  bool thrown_again;

  void* object() { return this + 1; }
};

Exception* of_object(void* object) { return static_cast<Exception*>(object) - 1; }

Exception* handled = nullptr;  // the innermost exception that is being handled

// For out of memory, when there is none.
alignas(16) std::byte reserve[sizeof(Exception) + 64];
bool reserve_taken = false;

[[noreturn]] void raise(Exception* exception) {
  __builtin_wasm_throw(0, exception);  // tag 0: __cpp_exception
}

void free_exception(Exception* exception) {
  if (static_cast<void*>(exception) == reserve) {
    reserve_taken = false;
  } else {
    std::free(exception);
  }
}

std::uintptr_t read_uleb128(const std::uint8_t*& at) {
  std::uintptr_t value = 0;
  for (int shift = 0;; shift += 7) {
    const std::uint8_t byte = *at++;
    value |= static_cast<std::uintptr_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
}

std::intptr_t read_sleb128(const std::uint8_t*& at) {
  std::uintptr_t value = 0;
  for (int shift = 0;;) {
    const std::uint8_t byte = *at++;
    value |= static_cast<std::uintptr_t>(byte & 0x7F) << shift;
    shift += 7;
    if ((byte & 0x80) != 0) continue;
    if ((byte & 0x40) != 0 && shift < 32) value |= ~std::uintptr_t{0} << shift;
    return static_cast<std::intptr_t>(value);
  }
}

// What of a function's table is needed here.
struct Table {
  explicit Table(const std::uint8_t* at) {
    constexpr std::uint8_t kOmitted = 0xFF;
    if (*at++ != kOmitted) std::abort();  // where landing pads begin: not used by WebAssembly
    if (*at++ != kOmitted) {
      const std::uintptr_t size = read_uleb128(at);
      types_end = reinterpret_cast<const TypeInfo* const*>(at + size);
    }
    ++at;  // encoding of the call sites: always ULEB128 here
    const std::uintptr_t size = read_uleb128(at);
    call_sites = at;
    actions = at + size;
  }

  const TypeInfo* const* types_end = nullptr;  // counted from the end, from 1
  const std::uint8_t* call_sites;              // pairs: landing pad, its first action from 1
  const std::uint8_t* actions;                 // chains of pairs: type, distance of the next pair
};

// The number of the catch clause of a landing pad that takes an exception, or 0.
std::intptr_t find_handler(Exception& exception, const Table& table, std::uintptr_t landing_pad) {
  const std::uint8_t* site = table.call_sites;
  std::uintptr_t action = 0;
  for (std::uintptr_t i = 0; i <= landing_pad; ++i) {
    read_uleb128(site);
    action = read_uleb128(site);
  }
  if (action == 0) return 0;  // cleanup only
  for (const std::uint8_t* at = table.actions + action - 1;;) {
    const std::intptr_t clause = read_sleb128(at);
    const std::uint8_t* const here = at;
    const std::intptr_t next = read_sleb128(at);
    if (clause > 0) {
      const TypeInfo* const wanted = table.types_end[-clause];
      void* object = exception.object();
      if (wanted == nullptr || wanted->can_catch(exception.type, object)) {
        exception.caught_as = object;
        return clause;
      }
    }
    if (next == 0) return 0;
    at = here + next;
  }
}

}  // namespace

// The tag, which compiled code refers to by this name.
asm(R"(
  .tagtype __cpp_exception i32
  .globl __cpp_exception
__cpp_exception:
)");

extern "C" {

struct LandingPadContext {
  std::uintptr_t landing_pad;
  const std::uint8_t* table;
  std::uintptr_t selector;
};
LandingPadContext __wasm_lpad_context;

// Only its address stands in compiled code.
int __gxx_wasm_personality_v0() { return 0; }

int _Unwind_CallPersonality(void* thrown) {
  LandingPadContext& context = __wasm_lpad_context;
  context.selector = 0;
  if (context.table == nullptr) return 0;
  context.selector = static_cast<std::uintptr_t>(
      find_handler(*static_cast<Exception*>(thrown), Table(context.table), context.landing_pad));
  return 0;
}

void* __cxa_allocate_exception(std::size_t size) noexcept {
  void* memory = std::malloc(sizeof(Exception) + size);
  if (memory == nullptr) {
    if (reserve_taken || size > sizeof reserve - sizeof(Exception)) std::abort();
    reserve_taken = true;
    memory = reserve;
  }
  return (new (memory) Exception{})->object();
}

void __cxa_free_exception(void* object) noexcept { free_exception(of_object(object)); }

[[noreturn]] void __cxa_throw(void* object, std::type_info* type, void* (*destroy)(void*)) {
  Exception* const exception = of_object(object);
  exception->type = static_cast<const TypeInfo*>(type);
  exception->destroy = destroy;
  exception->caught_as = object;
  raise(exception);
}

void* __cxa_get_exception_ptr(void* thrown) noexcept {
  return static_cast<Exception*>(thrown)->caught_as;
}

void* __cxa_begin_catch(void* thrown) noexcept {
  Exception* const exception = static_cast<Exception*>(thrown);
  if (exception->handlers == 0) {
    exception->below = handled;
    handled = exception;
  }
  ++exception->handlers;
  exception->thrown_again = false;
  return exception->caught_as;
}

void __cxa_end_catch() {
  Exception* const exception = handled;
  if (--exception->handlers > 0) return;
  handled = exception->below;
  if (exception->thrown_again) return;  // whoever catches it next destroys it
  if (exception->destroy != nullptr) exception->destroy(exception->object());
  free_exception(exception);
}

[[noreturn]] void __cxa_rethrow() {
  if (handled == nullptr) std::terminate();
  handled->thrown_again = true;
  raise(handled);
}

}  // extern "C"

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }

// libc++'s own would abort.
void* operator new(std::size_t size, std::align_val_t alignment) {
  void* memory = nullptr;
  if (posix_memalign(&memory, static_cast<std::size_t>(alignment), size == 0 ? 1 : size) != 0) {
    throw std::bad_alloc();
  }
  return memory;
}
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
