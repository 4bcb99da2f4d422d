//! DELETE: rotation by request, where it is enabled (protocol section 2).

use super::constants::param;
use super::database::Electric;
use super::definition::Definition;
use super::request::ShapeRequest;
use super::response::Response;

impl Electric {
    /// DELETE: ends the shape named by its handle or its definition.
    pub(crate) fn delete(&mut self, request: &ShapeRequest) -> Response {
        if !self.options.allow_delete {
            return Response::delete_not_allowed(request);
        }
        let handle = match request.text(param::HANDLE) {
            Some(handle) => Some(handle.to_owned()),
            None => {
                let parsed = request.shape_params();
                let parsed = parsed.and_then(|params| Definition::parse(&params, &self.tables));
                match parsed {
                    Ok(definition) => {
                        let index = self.find(&definition);
                        index.map(|index| self.shapes[index].handle.clone())
                    }
                    Err(invalid) => return Response::invalid(request, &invalid),
                }
            }
        };
        match handle.filter(|handle| self.handles().any(|known| known == handle)) {
            Some(handle) => {
                self.drop_shape(&handle);
                self.evicted.push(handle);
                Response::deleted(request)
            }
            None => Response::nothing_to_delete(request),
        }
    }
}
