# The libraries that wcchat stands on, each as a target lib_<name>. All come from Debian packages (scripts/packages).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# Some packages of Debian ship no .pc file.
function(wc_plain_library name header library)
  find_path(${name}_INCLUDE ${header} REQUIRED)
  find_library(${name}_LIBRARY ${library} REQUIRED)
  add_library(lib_${name} INTERFACE)
  target_include_directories(lib_${name} SYSTEM INTERFACE ${${name}_INCLUDE})
  target_link_libraries(lib_${name} INTERFACE ${${name}_LIBRARY})
endfunction()

function(wc_pkg_library name module)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
  add_library(lib_${name} INTERFACE)
  target_link_libraries(lib_${name} INTERFACE PkgConfig::${name})
endfunction()

wc_plain_library(ev ev.h ev)
wc_plain_library(nats nats/nats.h nats)
wc_pkg_library(openssl openssl)
wc_pkg_library(jansson jansson)
wc_pkg_library(utf8proc libutf8proc)
wc_pkg_library(hiredis hiredis)
wc_pkg_library(uring liburing)
wc_pkg_library(jwt libjwt)
wc_pkg_library(argon2 libargon2)
wc_pkg_library(telnet libtelnet)
wc_pkg_library(h2o libh2o-evloop)

# The same definition the library was built with: without it the headers want libuv.
target_compile_definitions(lib_h2o INTERFACE H2O_USE_EPOLL=1)

if(WC_TESTS)
  wc_pkg_library(cmocka cmocka)
endif()
