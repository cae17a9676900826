// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "api/registry.hpp"
#include "vnet/flow/search.hpp"

/// Answers that need a look at all sessions, for Registry::add_search(): others have their turn on
/// the control thread in between.
namespace vnet::service {

/// An item for each session that a search finds.
template <class Item>
api::SearchSource<Item> list_sessions(
    flow::Search search, std::function<void(const flow::Flows::Found&, Item&)> describe) {
    struct State {
        flow::Search search;
        std::vector<flow::Flows::Found> found;
        size_t at = 0;
    };
    const auto state = std::make_shared<State>(State{std::move(search), {}});
    return [state, describe = std::move(describe)](Item& item) {
        if (state->at == state->found.size()) {
            if (state->search.at_end()) {
                return api::Next::end;
            }
            state->found = state->search.look();
            state->at = 0;
            // Also where it found one: else who looks for few would be looking without a pause.
            return api::Next::later;
        }
        describe(state->found[state->at++], item);
        return api::Next::item;
    };
}

/// One item, of how many sessions a search finds.
template <class Item>
api::SearchSource<Item> count_sessions(flow::Search search,
                                       std::function<void(uint64_t, Item&)> answer) {
    struct State {
        flow::Search search;
        uint64_t count = 0;
        bool answered = false;
    };
    const auto state = std::make_shared<State>(State{std::move(search)});
    return [state, answer = std::move(answer)](Item& item) {
        if (state->answered) {
            return api::Next::end;
        }
        if (!state->search.at_end()) {
            state->count += state->search.count();
            return api::Next::later;
        }
        answer(state->count, item);
        state->answered = true;
        return api::Next::item;
    };
}

/// One item, of how many sessions were ended, when they are.
template <class Item>
api::SearchSource<Item> end_sessions(flow::Removal removal,
                                     std::function<void(uint64_t, Item&)> answer) {
    struct State {
        flow::Removal removal;
        bool answered = false;
    };
    const auto state = std::make_shared<State>(State{std::move(removal)});
    return [state, answer = std::move(answer)](Item& item) {
        if (state->answered) {
            return api::Next::end;
        }
        if (state->removal.step() != flow::Removal::Step::done) {
            return api::Next::later;
        }
        answer(state->removal.ended(), item);
        state->answered = true;
        return api::Next::item;
    };
}

}  // namespace vnet::service
