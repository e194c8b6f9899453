# Kernels are compiled once for each instruction set that the target processor may have; which one
# runs is chosen when the program does (src/base/isa.h).
#
# A kernel's source defines everything inside the namespace MICROGPT_ISA, and must not call an
# inline function or template of anybody else's that is not sure to be inlined: the linker keeps one
# copy of such a function, and it could be one that the machine at hand can't run. The check
# structure.kernels looks at the symbols.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(kernel_isas plain avx2 avx512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(kernel_isas plain neon)
else()
  set(kernel_isas plain)
endif()
set(isa_flags_plain "")
set(isa_flags_neon "")
set(isa_flags_avx2 -mavx2 -mfma)
set(isa_flags_avx512 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mprefer-vector-width=512)

# add_kernels(TARGET FOLDER [FLAG...]): compiles FOLDER/*.cpp for each instruction set into TARGET.
function(add_kernels target folder)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  string(MAKE_C_IDENTIFIER ${folder} name)
  foreach(isa IN LISTS kernel_isas)
    set(objects ${target}_${name}_${isa})
    add_library(${objects} OBJECT ${sources})
    target_compile_features(${objects} PRIVATE cxx_std_20)
    target_include_directories(${objects}
      PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_compile_definitions(${objects} PRIVATE MICROGPT_ISA=${isa} MICROGPT_ISA_${isa})
    target_compile_options(${objects} PRIVATE $<IF:$<CONFIG:Debug>,-O1,-O3> ${isa_flags_${isa}} ${ARGN})
    # The other checks of UndefinedBehaviorSanitizer make unrolled loops three times as long.
    if(MICROGPT_SANITIZE MATCHES undefined)
      target_compile_options(${objects} PRIVATE -fno-sanitize=undefined
        -fsanitize=signed-integer-overflow,integer-divide-by-zero,shift,bounds)
    endif()
    # All functions that pass vectors are inlined, so that no ABI matters; g++ 12 warns of its own
    # intrinsics.
    target_compile_options(${objects} PRIVATE
      -Wno-psabi $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    set_target_properties(${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
  endforeach()
endfunction()
