// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <stdexcept>

#include "api/grammar/grammar.hpp"
#include "api/grammar/testing/test.pb.h"
#include "grammar_test_descriptors.hpp"

namespace api::grammar::testing {

namespace proto = sluice::grammar::testing;

/// The schema of testing/test.proto as the shell meets it: a dynamic pool with comments, in which
/// no generated class has a part.
class DynamicSchema {
public:
    DynamicSchema() {
        const std::string_view bytes = grammar_test_descriptors();
        google::protobuf::FileDescriptorSet files;
        if (!files.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
            throw std::runtime_error("the embedded descriptors are broken");
        }
        for (const auto& file : files.file()) {
            pool_.BuildFile(file);
        }
    }

    const google::protobuf::DescriptorPool& pool() const { return pool_; }

    /// Adds every service of the schema.
    void add_to(Grammar& grammar) const {
        for (const char* name : {"Routes", "Interfaces"}) {
            const auto* service =
                pool_.FindServiceByName(std::string("sluice.grammar.testing.") + name);
            if (const absl::Status status = grammar.add_service(*service); !status.ok()) {
                throw std::runtime_error(status.ToString());
            }
        }
    }

private:
    google::protobuf::DescriptorPool pool_;
};

/// A schema made in a test from the text of a .proto file's method options: one service with one
/// method for each command, all taking the same request.
class TinySchema {
public:
    /// The request of every method: strings a, b; repeated string list; uint32 n; Counters inner.
    /// `undo` is that of the first method.
    explicit TinySchema(const std::vector<std::string>& commands,
                        const std::vector<std::string>& undo = {},
                        const std::string& default_of_n = {}) {
        google::protobuf::FileDescriptorProto file;
        file.set_name("tiny.proto");
        file.set_package("tiny");
        file.set_syntax("proto3");
        auto* request = file.add_message_type();
        request->set_name("Request");
        using Field = google::protobuf::FieldDescriptorProto;
        add(*request, "a", Field::TYPE_STRING, Field::LABEL_OPTIONAL);
        add(*request, "b", Field::TYPE_STRING, Field::LABEL_OPTIONAL);
        add(*request, "list", Field::TYPE_STRING, Field::LABEL_REPEATED);
        add(*request, "n", Field::TYPE_UINT32, Field::LABEL_OPTIONAL);
        add(*request, "two_words", Field::TYPE_BOOL, Field::LABEL_OPTIONAL);
        add(*request, "inner", Field::TYPE_MESSAGE, Field::LABEL_OPTIONAL);
        request->mutable_field(5)->set_type_name(".tiny.Request");
        request->mutable_field(3)->mutable_options()->SetExtension(sluice::default_value,
                                                                   default_of_n);
        auto* service = file.add_service();
        service->set_name("Tiny");
        for (const std::string& command : commands) {
            auto* method = service->add_method();
            method->set_name(fmt::format("M{}", service->method_size()));
            method->set_input_type(".tiny.Request");
            method->set_output_type(".tiny.Request");
            method->mutable_options()->AddExtension(sluice::cli, command);
        }
        for (const std::string& line : undo) {
            service->mutable_method(0)->mutable_options()->AddExtension(sluice::undo, line);
        }
        service_ = pool_.BuildFile(file)->service(0);
    }

    const google::protobuf::ServiceDescriptor& service() const { return *service_; }
    const google::protobuf::MethodDescriptor& method(int i) const { return *service_->method(i); }

private:
    static void add(google::protobuf::DescriptorProto& message, const std::string& name,
                    google::protobuf::FieldDescriptorProto::Type type,
                    google::protobuf::FieldDescriptorProto::Label label) {
        auto* field = message.add_field();
        field->set_name(name);
        field->set_number(message.field_size());
        field->set_type(type);
        field->set_label(label);
    }

    google::protobuf::DescriptorPool pool_;
    const google::protobuf::ServiceDescriptor* service_ = nullptr;
};

}  // namespace api::grammar::testing
