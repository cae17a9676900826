// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace api::config {

/// Takes one statement: the full name of the method ("sluice.Routes.Add") and the request that
/// makes the state what it is. The method has the option (sluice.undo).
using Emit = std::function<void(std::string_view method, const google::protobuf::Message& request)>;

/// Gives the statements that rebuild a part's state from nothing, in an order in which they can be
/// run. What a request left out, so that the router chose, is left out here too. Runs on the
/// control thread.
using Writer = std::function<void(const Emit&)>;

/// Who writes the running configuration: parts of the router and plugins add themselves. Owned by
/// the registry. Control thread.
class Writers {
public:
    void add(std::string owner, Writer writer);
    /// Takes out all that an owner has added.
    void remove_owner(std::string_view owner);
    /// Calls all of them, in the order in which they were added.
    void write(const Emit& emit) const;

private:
    struct Entry {
        std::string owner;
        Writer writer;
    };
    std::vector<Entry> entries_;
};

}  // namespace api::config
