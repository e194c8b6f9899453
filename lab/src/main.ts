// The page where it is served: the engine runs in a worker.
import './styles/index.css';
import { connect } from './engine/client';
import { start } from './page/page';

start(connect());
