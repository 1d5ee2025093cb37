#include <charconv>
#include <cmath>

#include "codec/codec.h"
#include "codec/json_text.h"
#include "codec/storage.h"

namespace gse::api {
namespace {

enum class Absent : bool { AsNull, LeftOut };

void append(std::string& out, const std::string& value) { append_json_string(out, value); }
void append(std::string& out, double value) { append_json_double(out, value); }
/// In a list, where every place means something, what is not known is null.
void append_item(std::string& out, double value) {
    if (std::isnan(value))
        out += "null";
    else
        append(out, value);
}
void append(std::string& out, bool value) { out += value ? "true" : "false"; }
template <class Integer>
void append(std::string& out, Integer value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, end);
}

template <class T>
void append_item(std::string& out, const T& value) {
    append(out, value);
}

void append_members(const Type& type, const void* value, Absent absent, std::string& out);

void append_object(const Type& type, const void* value, Absent absent, std::string& out) {
    out.push_back('{');
    append_members(type, value, absent, out);
    out.push_back('}');
}

template <class List, class F>
void append_list(const List& list, std::string& out, F&& append_one) {
    out.push_back('[');
    bool first = true;
    for (const auto& item : list) {
        if (!first) out.push_back(',');
        first = false;
        append_one(item);
    }
    out.push_back(']');
}

/// False when the value is absent; then nothing was written.
bool append_value(const Field& field, const void* object, Absent absent, std::string& out) {
    if (field.kind == Kind::Object) {
        if (!field.list) {
            const void* value = present_object(field, object);
            if (value) append_object(*field.object, value, absent, out);
            return value != nullptr;
        }
        const void* list = present_object_list(field, object);
        if (!list) return false;
        out.push_back('[');
        const std::size_t size = field.object->ops->size(list);
        for (std::size_t i = 0; i < size; ++i) {
            if (i > 0) out.push_back(',');
            append_object(*field.object, field.object->ops->at(list, i), absent, out);
        }
        out.push_back(']');
        return true;
    }
    return with_scalar(field.kind, [&]<class T>(T) {
        if (!field.list) {
            const T* value = present<T>(field, object);
            if (value) append(out, *value);
            return value != nullptr;
        }
        const auto* list = present<std::vector<T>>(field, object);
        if (list) append_list(*list, out, [&](const T& item) { append_item(out, item); });
        return list != nullptr;
    });
}

void append_members(const Type& type, const void* value, Absent absent, std::string& out) {
    const std::size_t start = out.size();
    for (const Field& field : type.fields) {
        const std::size_t before = out.size();
        if (before != start) out.push_back(',');
        out += field.key;
        if (append_value(field, value, absent, out)) continue;
        if (absent == Absent::AsNull) {
            out += "null";
        } else {
            out.resize(before);
        }
    }
}

}  // namespace

void encode_fields(const Type& type, const void* value, std::string& out) {
    append_members(type, value, type.role == Role::Request ? Absent::LeftOut : Absent::AsNull, out);
}

}  // namespace gse::api
