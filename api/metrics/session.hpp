// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "api/metrics/exporter.hpp"
#include "api/metrics/text.hpp"

namespace api::metrics {

/// One connection of the exporter, on the exporter's thread: reads a request, answers it, and
/// again. It lives for as long as something of it is under way, or its place in `Sessions` is held.
class Session : public std::enable_shared_from_this<Session> {
public:
    using Socket = boost::asio::generic::stream_protocol::socket;
    /// The page as text; null where it could not be collected in time.
    using OnPage = std::function<void(std::shared_ptr<const std::string> text)>;
    /// What a session needs of its exporter. Each outlives it.
    struct Host {
        std::function<void(Format, OnPage)> get_page;
        /// Told of each request, and of the end.
        std::function<void(Session&)> on_request;
        std::function<void(Session&)> on_end;
    };

    Session(Socket socket, const Host& host, const Exporter::Limits& limits);

    void start();
    /// Breaks the connection off; on_end is not called.
    void close();

    /// Its place among the exporter's sessions.
    std::list<std::shared_ptr<Session>>::iterator place;

private:
    using Response = boost::beast::http::response<boost::beast::http::string_body>;

    void read();
    void on_read(const boost::system::error_code& error);
    void answer();
    void refuse(boost::beast::http::status status, const std::string& sentence);
    Response prepare(boost::beast::http::status status) const;
    void send(Response response);
    void end();

    boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
    const Host& host_;
    const Exporter::Limits& limits_;
    boost::beast::flat_buffer buffer_;
    std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_;
    Response response_;
    bool closed_ = false;
};

}  // namespace api::metrics
