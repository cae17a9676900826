// SPDX-License-Identifier: Apache-2.0
#include "cli/compat/breaks.hpp"

#include <google/protobuf/descriptor.pb.h>

#include "api/grammar/options.hpp"
#include "cli/compat/command_breaks.hpp"
#include "cli/compat/field_breaks.hpp"
#include "cli/compat/names.hpp"

namespace cli::compat {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::FileOptions;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using schema::Schema;

namespace {

/// Options of a file that say where generated code goes, and how it is called.
constexpr const char* generators[] = {
    "csharp_namespace", "go_package",        "java_multiple_files", "java_outer_classname",
    "java_package",     "objc_class_prefix", "php_class_prefix",    "php_metadata_namespace",
    "php_namespace",    "ruby_package",      "swift_prefix"};

/// The option's value, empty where it is not given.
std::string option_text(const FileDescriptor& file, const FieldDescriptor& option) {
    const FileOptions& options = file.options();
    const auto& reflection = *FileOptions::GetReflection();
    if (!reflection.HasField(options, &option)) {
        return {};
    }
    return option.cpp_type() == FieldDescriptor::CPPTYPE_BOOL
               ? (reflection.GetBool(options, &option) ? "true" : "false")
               : reflection.GetString(options, &option);
}

class Comparison {
public:
    Comparison(const Schema& released, const Schema& now)
        : pool_(now.pool()), commands_(released, now) {}

    std::vector<std::string> run(const std::vector<const FileDescriptor*>& files) {
        for (const FileDescriptor* file : files) {
            compare(*file);
        }
        return report_.take();
    }

private:
    void compare(const FileDescriptor& was) {
        const FileDescriptor* is = pool_.FindFileByName(was.name());
        if (is == nullptr) {
            if (!deprecated(was)) {
                report_.say(was,
                            "the file is gone, and programs import it by this name: put it back; "
                            "it may go once it was released with 'option deprecated = true;'");
            }
            return;
        }
        if (was.package() != is->package()) {
            // Which renames all that is in it: nothing of it would be found.
            report_.say(was, "its package was '{}' and is '{}': call it '{}' again", was.package(),
                        is->package(), was.package());
            return;
        }
        compare_options(was, *is);
        for (int i = 0; i < was.public_dependency_count(); ++i) {
            compare_import(*was.public_dependency(i), was, *is);
        }
        for (int i = 0; i < was.message_type_count(); ++i) {
            compare(*was.message_type(i));
        }
        for (int i = 0; i < was.enum_type_count(); ++i) {
            compare(*was.enum_type(i));
        }
        for (int i = 0; i < was.extension_count(); ++i) {
            compare_extension(*was.extension(i));
        }
        for (int i = 0; i < was.service_count(); ++i) {
            compare(*was.service(i));
        }
    }

    void compare_options(const FileDescriptor& was, const FileDescriptor& is) {
        if (was.syntax() != is.syntax()) {
            report_.say(was, "its syntax was {} and is {}: write it in {} again",
                        FileDescriptor::SyntaxName(was.syntax()),
                        FileDescriptor::SyntaxName(is.syntax()),
                        FileDescriptor::SyntaxName(was.syntax()));
        }
        for (const char* name : generators) {
            const FieldDescriptor& option = *FileOptions::descriptor()->FindFieldByName(name);
            const std::string then = option_text(was, option);
            const std::string now = option_text(is, option);
            // Without a go_package nobody could generate Go by this file alone.
            if (then != now && !(then.empty() && std::string_view(name) == "go_package")) {
                report_.say(was,
                            "its option {} was '{}' and is '{}', so that generated code has "
                            "another name: write it as it was",
                            name, then, now);
            }
        }
    }

    void compare_import(const FileDescriptor& import, const FileDescriptor& was,
                        const FileDescriptor& is) {
        for (int i = 0; i < is.public_dependency_count(); ++i) {
            if (is.public_dependency(i)->name() == import.name()) {
                return;
            }
        }
        report_.say(was,
                    "it no longer brings '{}' to those that import it: write 'import public "
                    "\"{}\";' again",
                    import.name(), import.name());
    }

    /// Whether it is still there to be compared: `is` is what has its name now, or null.
    template <class Type>
    bool still_there(const char* kind, const Type& was, const Type* is) {
        if (is == nullptr) {
            if (!deprecated(was)) {
                report_.say(was,
                            "{} {} is gone: put it back; it may go once it was released with "
                            "'deprecated = true'",
                            kind, was.full_name());
            }
            return false;
        }
        if (was.file()->name() != is->file()->name()) {
            report_.say(was, "{} {} is in {} now, and programs import {}: put it back there", kind,
                        was.full_name(), is->file()->name(), was.file()->name());
        }
        return true;
    }

    void compare(const Descriptor& was) {
        const Descriptor* is = pool_.FindMessageTypeByName(was.full_name());
        // A map's entries are compared where the map is a field.
        if (was.options().map_entry() || !still_there("message", was, is)) {
            return;
        }
        compare_fields(was, *is, report_);
        for (int i = 0; i < was.nested_type_count(); ++i) {
            compare(*was.nested_type(i));
        }
        for (int i = 0; i < was.enum_type_count(); ++i) {
            compare(*was.enum_type(i));
        }
        for (int i = 0; i < was.extension_count(); ++i) {
            compare_extension(*was.extension(i));
        }
    }

    void compare(const EnumDescriptor& was) {
        const EnumDescriptor* is = pool_.FindEnumTypeByName(was.full_name());
        if (still_there("enum", was, is)) {
            compare_values(was, *is, report_);
        }
    }

    void compare_extension(const FieldDescriptor& was) {
        const FieldDescriptor* is = pool_.FindExtensionByName(was.full_name());
        if (!still_there("extension", was, is)) {
            return;
        }
        compare_field(was, *is, report_);
        if (was.containing_type()->full_name() != is->containing_type()->full_name()) {
            report_.say(was, "extension {} was of {} and is of {}: make it one of {} again",
                        was.full_name(), was.containing_type()->full_name(),
                        is->containing_type()->full_name(), was.containing_type()->full_name());
        }
    }

    void compare(const ServiceDescriptor& was) {
        const ServiceDescriptor* is = pool_.FindServiceByName(was.full_name());
        if (!still_there("service", was, is)) {
            return;
        }
        for (int i = 0; i < was.method_count(); ++i) {
            compare(*was.method(i));
        }
    }

    void compare(const MethodDescriptor& was) {
        const MethodDescriptor* is = pool_.FindMethodByName(was.full_name());
        if (!still_there("method", was, is)) {
            return;
        }
        if (call_text(was) != call_text(*is)) {
            report_.say(was,
                        "method {} was {} and is {}: write it as it was, or add a method of "
                        "another name",
                        was.full_name(), call_text(was), call_text(*is));
            return;
        }
        const auto then = api::grammar::options_of(was);
        const auto now = api::grammar::options_of(*is);
        if (!then.GetExtension(sluice::writes) && now.GetExtension(sluice::writes)) {
            report_.say(was,
                        "method {} needs the role 'write' and was for all: take (sluice.writes) "
                        "away, or add a method of another name",
                        was.full_name());
        }
        if (then.ExtensionSize(sluice::undo) > 0 && now.ExtensionSize(sluice::undo) == 0) {
            report_.say(was,
                        "method {} makes no statements any more, and configurations hold its "
                        "lines: give (sluice.undo) back",
                        was.full_name());
        }
        commands_.compare(was, *is, report_);
    }

    const DescriptorPool& pool_;
    CommandComparison commands_;
    Report report_;
};

}  // namespace

std::vector<std::string> breaks(const Schema& released, const Schema& now) {
    return Comparison(released, now).run(released.files());
}

}  // namespace cli::compat
