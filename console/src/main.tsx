import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import 'tdesign-react/es/style/index.css';
import './icons.css';
import './styles.css';

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
