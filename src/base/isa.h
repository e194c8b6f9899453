// Which vector instructions to use. Kernels are compiled once for each instruction set, and one of
// them is chosen when an engine is made, so that one program is fast on every machine.
#pragma once

#include <string_view>

namespace microgpt {

// From the plainest to the widest. Every build has kPlain; kNeon and the others exclude each other.
enum class Isa { kPlain, kNeon, kAvx2, kAvx512 };

std::string_view to_string(Isa isa);  // "plain", "neon", "avx2", "avx512"

// Whether this build has kernels for it and this processor can run them.
bool is_supported(Isa isa);

// The widest that is supported, or the one that the environment variable MICROGPT_ISA names.
// Throws Error: it names none, or one that is not supported.
Isa choose_isa();

}  // namespace microgpt

// What kernels define lies in a namespace for each instruction set of the build. The first macro
// declares it in all of them; the second is the one that belongs to an Isa.
#if defined(__x86_64__)
#define MICROGPT_DECLARE_FOR_ISAS(declaration) \
  namespace plain {                            \
  declaration                                  \
  }                                            \
  namespace avx2 {                             \
  declaration                                  \
  }                                            \
  namespace avx512 {                           \
  declaration                                  \
  }
#define MICROGPT_FOR_ISA(isa, name)                 \
  ((isa) == ::microgpt::Isa::kAvx512 ? avx512::name \
   : (isa) == ::microgpt::Isa::kAvx2 ? avx2::name   \
                                     : plain::name)
#elif defined(__aarch64__)
#define MICROGPT_DECLARE_FOR_ISAS(declaration) \
  namespace plain {                            \
  declaration                                  \
  }                                            \
  namespace neon {                             \
  declaration                                  \
  }
#define MICROGPT_FOR_ISA(isa, name) ((isa) == ::microgpt::Isa::kNeon ? neon::name : plain::name)
#else
#define MICROGPT_DECLARE_FOR_ISAS(declaration) \
  namespace plain {                            \
  declaration                                  \
  }
#define MICROGPT_FOR_ISA(isa, name) (static_cast<void>(isa), plain::name)
#endif
