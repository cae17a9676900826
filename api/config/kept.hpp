// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "api/config/writers.hpp"

namespace api::config {

/// Requests as they were made, for state that does not hold all that was asked of it: what is
/// written is then what was typed. By a key of the owner's choice, in the order of keys. Control
/// thread.
template <class Key>
class Kept {
public:
    /// A later request of the same key takes the place of the earlier one.
    template <class Request>
    void keep(const Key& key, std::string_view method, const Request& request) {
        requests_[key] = {std::string(method), std::make_unique<Request>(request)};
    }
    void forget(const Key& key) { requests_.erase(key); }
    template <class Predicate>
    void forget_if(const Predicate& predicate) {
        std::erase_if(requests_, [&](const auto& entry) { return predicate(entry.first); });
    }
    void write(const Emit& emit) const {
        for (const auto& [key, kept] : requests_) {
            emit(kept.method, *kept.request);
        }
    }

private:
    struct Request {
        std::string method;
        std::unique_ptr<const google::protobuf::Message> request;
    };
    std::map<Key, Request> requests_;
};

}  // namespace api::config
