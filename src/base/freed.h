/// Deleters of objects that a C library frees: `std::unique_ptr<X509, Freed<X509_free>>`.
#pragma once

namespace gse {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

}  // namespace gse
