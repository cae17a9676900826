// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/value_finder.hpp"

#include <filesystem>

#include "api/grammar/render.hpp"

namespace cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t most_values = 1000;

/// Gathers the texts of one field from the replies of a method.
class ValueFinder {
public:
    ValueFinder(const Schema& schema, Backend& backend) : schema_(schema), backend_(backend) {}

    /// `source` is "service.Method:field".
    std::set<std::string> find(const std::string& source) {
        const std::size_t colon = source.rfind(':');
        const auto* method = colon == std::string::npos
                                 ? nullptr
                                 : schema_.pool().FindMethodByName(source.substr(0, colon));
        if (method == nullptr || method->client_streaming()) {
            return {};
        }
        const auto& reply = *method->output_type();
        const std::string name = source.substr(colon + 1);
        field_ = reply.FindFieldByName(name);
        if (field_ == nullptr) {
            rows_ = api::grammar::rows_of(reply, schema_.forms());
            field_ = rows_ == nullptr ? nullptr : rows_->message_type()->FindFieldByName(name);
        }
        if (field_ == nullptr || !schema_.forms().covers(*field_)) {
            return {};
        }
        const auto request = schema_.grammar().new_message(*method->input_type());
        const auto scratch = schema_.grammar().new_message(reply);
        // Whatever went wrong, the values that did come are as good as they can be.
        backend_
            .call(method->full_name(), *request, *scratch,
                  [this](const Message& message) {
                      take_reply(message);
                      return values_.size() < most_values;
                  },
                  patience, {})
            .IgnoreError();
        return std::move(values_);
    }

private:
    void take_reply(const Message& reply) {
        if (rows_ == nullptr) {
            take(reply);
            return;
        }
        const auto& reflection = *reply.GetReflection();
        for (int i = 0; i < reflection.FieldSize(reply, rows_); ++i) {
            take(reflection.GetRepeatedMessage(reply, rows_, i));
        }
    }

    void take(const Message& message) {
        const auto& reflection = *message.GetReflection();
        const int size = field_->is_repeated() ? reflection.FieldSize(message, field_) : 1;
        for (int i = 0; i < size; ++i) {
            values_.insert(schema_.forms().print(message, *field_, field_->is_repeated() ? i : -1));
        }
    }

    const Schema& schema_;
    Backend& backend_;
    const FieldDescriptor* field_ = nullptr;
    const FieldDescriptor* rows_ = nullptr;
    std::set<std::string> values_;
};

}  // namespace

std::set<std::string> live_values(const std::string& source, const Schema& schema,
                                  Backend& backend) {
    return ValueFinder(schema, backend).find(source);
}

std::set<std::string> paths(std::string_view beginning) {
    const std::size_t slash = beginning.rfind('/');
    const std::string folder(slash == std::string_view::npos ? "" : beginning.substr(0, slash + 1));
    const std::string_view name =
        slash == std::string_view::npos ? beginning : beginning.substr(slash + 1);
    std::set<std::string> found;
    std::error_code error;
    std::filesystem::directory_iterator at(folder.empty() ? "." : folder, error);
    // Folders that cannot be read have nothing to offer.
    for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
        const std::string entry = at->path().filename();
        const bool hidden = entry.starts_with('.') && !name.starts_with('.');
        if (entry.starts_with(name) && !hidden && found.size() < most_values) {
            std::error_code ignored;
            found.insert(folder + entry + (at->is_directory(ignored) ? "/" : ""));
        }
    }
    return found;
}

}  // namespace cli
