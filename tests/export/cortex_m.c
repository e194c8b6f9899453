/* A program around an exported header for the boards mps2-an385 (Cortex-M3) and mps2-an386
 * (Cortex-M4): no C library, no startup code but this. It prints what report.h prints through
 * semihosting (ARM, Semihosting for AArch32 and AArch64), then ends the emulator. */
#define GPT_IMPLEMENTATION
#include "gpt.h"
#include "report.h"

#define SYS_WRITE0 0x04u
#define SYS_EXIT 0x18u
#define APPLICATION_EXIT 0x20026u
#define STACK_TOP 0x20400000u /* of the boards' 4 MiB of RAM */
#define CPACR (*(volatile uint32_t *)0xE000ED88u)

static void call_host(uint32_t operation, uint32_t argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register uint32_t r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static void put(const char *text) { call_host(SYS_WRITE0, (uint32_t)(uintptr_t)text); }

static void reset(void) {
  CPACR |= 0xFu << 20; /* the M4's floats; the M3 has none to be turned on */
  report(put);
  call_host(SYS_EXIT, APPLICATION_EXIT);
  for (;;) {
  }
}

static void stop(void) {
  put("fault\n");
  call_host(SYS_EXIT, 0x20023u); /* ADP_Stopped_RunTimeErrorUnknown */
}

/* The initial stack pointer, then reset, NMI and the hard fault. */
__attribute__((section(".vectors"), used)) static const uintptr_t vectors[] = {
    STACK_TOP, (uintptr_t)reset, (uintptr_t)stop, (uintptr_t)stop};

/* What a compiler without a C library may ask for. */
void *memset(void *to, int value, size_t size) {
  volatile unsigned char *bytes = (volatile unsigned char *)to;
  while (size-- > 0) *bytes++ = (unsigned char)value;
  return to;
}

void *memcpy(void *to, const void *from, size_t size) {
  volatile unsigned char *bytes = (volatile unsigned char *)to;
  const unsigned char *source = (const unsigned char *)from;
  while (size-- > 0) *bytes++ = *source++;
  return to;
}
