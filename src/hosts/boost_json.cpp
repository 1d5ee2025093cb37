// The one place where Boost.JSON is compiled: its headers alone are what Debian's libboost1.81-dev has.
#include <boost/json/src.hpp>
