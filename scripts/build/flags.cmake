# How everything is compiled: the target wc_flags carries it to whoever links it.
include(CheckCCompilerFlag)
include(CheckPIESupported)

add_library(wc_flags INTERFACE)

target_compile_options(wc_flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Wno-sign-conversion
  -Wformat=2 -Wvla -Wwrite-strings -Wundef -Wpointer-arith)
if(WC_WERROR)
  target_compile_options(wc_flags INTERFACE -Werror)
endif()

if(WC_HARDEN)
  check_pie_supported(LANGUAGES C)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  target_compile_options(wc_flags INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fno-strict-overflow)
  # Each exists on some processors only: control-flow enforcement on x86, branch protection on arm64.
  foreach(flag -fstack-clash-protection -fcf-protection -mbranch-protection=standard)
    string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
    check_c_compiler_flag(${flag} ${have})
    if(${have})
      target_compile_options(wc_flags INTERFACE ${flag})
    endif()
  endforeach()
  target_link_options(wc_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()

if(WC_SANITIZE)
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_compile_options(wc_flags INTERFACE ${sanitize} -fno-omit-frame-pointer)
  target_link_options(wc_flags INTERFACE ${sanitize})
endif()
